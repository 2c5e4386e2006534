"""Services that tell people of alerts by name, such as Slack or PagerDuty, reached by Apprise.

`known` says which there are and what of their URLs is secret, `calling` asks the program beside it
to tell one. Only that program, in a process of its own, ever loads Apprise.
"""
