"""What `make run` starts: Redis, a local chain, the web server, the listener and the workers.

`supervisor` keeps the programs alive; this package prepares its configuration, waits until the
page answers, and ends everything when it is told to end. Nothing else imports it.
"""
