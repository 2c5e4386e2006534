"""Which services may be told of alerts, by the schemes of their Apprise URLs.

Pure. A list of what may be: Apprise also knows schemes that write to this machine's desktop or
log, drive devices on its ports or read its files, and gets new ones with each release.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

LONGEST_URL: Final = 1_000  # characters
# They name a file of this machine, or another URL, from which a message is made.
FILES: Final = frozenset({"template", "keyfile", "config"})

SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "46elks": ("46elks",),
    "Apprise API": ("apprise", "apprises"),
    "Bark": ("bark", "barks"),
    "Better Stack": ("betterstack",),
    "Brevo": ("brevo",),
    "BulkSMS": ("bulksms",),
    "ClickSend": ("clicksend",),
    "DingTalk": ("dingtalk",),
    "Discord": ("discord",),
    "Feishu": ("feishu",),
    "FireHydrant": ("firehydrant",),
    "Flock": ("flock",),
    "Form post": ("form", "forms"),
    "GitHub": ("github",),
    "GoAlert": ("goalert", "goalerts"),
    "Google Chat": ("gchat",),
    "Gotify": ("gotify", "gotifys"),
    "Guilded": ("guilded",),
    "Home Assistant": ("hassio", "hassios"),
    "IFTTT": ("ifttt",),
    "iLert": ("ilert",),
    "incident.io": ("incidentio",),
    "Jira": ("jira",),
    "Join": ("join",),
    "JSON post": ("json", "jsons"),
    "Lark": ("lark",),
    "LINE": ("line",),
    "MailerSend": ("mailersend",),
    "Mailgun": ("mailgun",),
    "Matrix": ("matrix", "matrixs"),
    "Mattermost": ("mmost", "mmosts"),
    "MessageBird": ("msgbird",),
    "Microsoft Teams": ("workflow", "workflows"),
    "Nextcloud": ("ncloud", "nclouds"),
    "Nextcloud Talk": ("nctalk", "nctalks"),
    "ntfy": ("ntfy", "ntfys"),
    "OneSignal": ("onesignal",),
    "Opsgenie": ("opsgenie",),
    "PagerDuty": ("pagerduty",),
    "PagerTree": ("pagertree",),
    "Plivo": ("plivo",),
    "Postmark": ("postmark",),
    "Prowl": ("prowl",),
    "Pushbullet": ("pbul",),
    "PushDeer": ("pushdeer", "pushdeers"),
    "Pushover": ("pover",),
    "Pushsafer": ("psafer", "psafers"),
    "Pushy": ("pushy",),
    "Resend": ("resend",),
    "Revolt": ("revolt",),
    "Rocket.Chat": ("rocket", "rockets"),
    "Ryver": ("ryver",),
    "SendGrid": ("sendgrid",),
    "ServerChan": ("schan",),
    "seven": ("seven",),
    "Signal": ("signal", "signals"),
    "SIGNL4": ("signl4",),
    "Simplepush": ("simplepush", "spush"),
    "Sinch": ("sinch",),
    "Slack": ("slack",),
    "SMTP2GO": ("smtp2go",),
    "SparkPost": ("sparkpost",),
    "Spike": ("spike",),
    "Splunk On-Call": ("splunk", "victorops"),
    "Squadcast": ("squadcast",),
    "Synology Chat": ("synology", "synologys"),
    "Techulus Push": ("push",),
    "Telegram": ("tgram",),
    "Threema": ("threema",),
    "Twilio": ("twilio",),
    "Twist": ("twist",),
    "Vonage": ("nexmo", "vonage"),
    "Webex": ("webex", "wxteams"),
    "WeCom": ("wecombot",),
    "WhatsApp": ("whatsapp",),
    "XML post": ("xml", "xmls"),
    "xMatters": ("xmatters",),
    "Zoho Cliq": ("cliq", "zcliq", "zohocliq"),
    "Zoom": ("zoom",),
    "Zulip": ("zulip",),
}
_NAMES: Final = {scheme: name for name, schemes in SERVICES.items() for scheme in schemes}
_SCHEME: Final = re.compile(r"([a-z0-9]{2,20})://\S+", re.IGNORECASE | re.ASCII)
_SHORTEST_SECRET: Final = 4


def scheme_of(url: str) -> str:
    """The scheme of a URL, in small letters; empty if it has none."""
    match = _SCHEME.fullmatch(url)
    return match[1].lower() if match else ""


def name_of(url: str) -> str | None:
    """The service that an Apprise URL is of; None for what may not be told."""
    return _NAMES.get(scheme_of(url))


def shown(url: str) -> str:
    """All that is ever shown of an Apprise URL: its service and scheme."""
    return f"{name_of(url) or '?'} ({scheme_of(url) or '?'}://…)"


def names_a_file(url: str) -> str | None:
    """The parameter that would have a file read, or something else fetched; None without one."""
    # From the first question mark on: what stands behind a # is a channel to some of them.
    query = url.partition("?")[2].replace(";", "&")  # Apprise splits at both
    names = {name.strip().lower() for name, _ in parse_qsl(query)}
    return min(names & FILES, default=None)


def secrets_in(url: str) -> frozenset[str]:
    """Every piece of the URL that may be a key. What is a host, and what is not, each service says
    for itself, so all of it counts.
    """
    rest = url.partition("://")[2]
    pieces = {piece for piece in re.split(r"[/:@?&=#,;|~\s]+", rest) if piece}
    pieces |= {unquote(piece) for piece in pieces} | {rest}
    return frozenset(piece for piece in pieces if len(piece) >= _SHORTEST_SECRET)
