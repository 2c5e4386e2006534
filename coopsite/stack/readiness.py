"""Whether the stack's page really answers, and what to say when it does not."""

import http.client
import json
from pathlib import Path

from coopsite.ports import HOST
from coopsite.stack.programs import Plan

TAIL_LINES = 6


def answer(path: str, *, port: int, host: str, https: bool) -> tuple[int, str]:
    """Status and body of one of our pages; status 0 and the reason if nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    headers = {"Host": host, **({"X-Forwarded-Proto": "https"} if https else {})}
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


def own_name(allowed_hosts: list[str]) -> str:
    """A name under which this site answers."""
    for preferred in (HOST, "localhost"):
        if preferred in allowed_hosts or "*" in allowed_hosts:
            return preferred
    return allowed_hosts[0].lstrip(".")


def missing(*, port: int, allowed_hosts: list[str], https: bool) -> str | None:
    """None when the page answers and the site calls itself ready, else a sentence."""
    host = own_name(allowed_hosts)
    for path in ("/readyz", "/"):
        status, body = answer(path, port=port, host=host, https=https)
        if status == 0:
            return f"the web server does not answer ({body})"
        if status != 200:
            return f"{path} answers {status}{reasons(body)}"
    return None


def reasons(body: str) -> str:
    """What /readyz names as the reasons, if this is its answer."""
    try:
        return f": {json.dumps(json.loads(body))[:600]}"
    except ValueError:
        return ""


def chain_addresses(plan: Plan) -> dict[str, str] | None:
    """The local chain's part of `stack.env`, once the chain has told it; None before."""
    try:
        first = plan.devchain_says.read_text().partition("\n")[0]
        said = json.loads(first)
    except (OSError, ValueError):
        return None
    return {
        "CHAIN_ID": str(said["chain_id"]),
        "CHAIN_WS_URLS": said["ws_url"],
        "CHAIN_HTTP_URLS": said["http_url"],
        "POOL_CONTRACTS": f"{said['contract']}:{said['start_block']}",
    }


def log_tails(logs: Path) -> str:
    """The last lines of each program's log."""
    parts = []
    for log in sorted(logs.glob("*.log")):
        lines = log.read_text(errors="replace").strip().splitlines()[-TAIL_LINES:]
        if lines and log.name != "supervisor.log":
            parts.append("\n".join([f"--- {log}", *lines]))
    return "\n".join(parts)
