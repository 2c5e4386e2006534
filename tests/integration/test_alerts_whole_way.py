"""From a rule that staff made to the service that hears of it, by the programs themselves."""

from tests.processes import Stack
from tests.receivers import Webhook
from tests.traffic import Traffic
from tests.waiting import until

SECRET = "s3cr3t-canary"
MADE = """
from pools.models import AlertReceiver, AlertRule
AlertReceiver.objects.create(name="Team", url="json://127.0.0.1:{port}/{secret}", kinds=["rule"])
AlertRule.objects.create(name="Anything at all", measure="events", letters="njlwyo", limit=0)
"""
A_TURN = """
from coopsite.celery import app
for name in ("tasks.watch_rules", "alert_sending.send_alerts"):
    app.send_task(f"realtime.{name}")
"""


def test_a_rule_is_measured_raised_and_told_to_a_service_by_a_worker(stack: Stack) -> None:
    with Webhook() as hook:
        stack.manage("shell", "--verbosity", "0", "-c", MADE.format(port=hook.port, secret=SECRET))
        stack.start("listener", "web", "worker")
        with Traffic(stack.chain, pause=0.05):
            until(lambda: stack.api("stats")["events_total"] > 3, 30)
        for _ in range(2):
            stack.manage("shell", "--verbosity", "0", "-c", A_TURN)
        until(lambda: hook.posted, 30)
        until(lambda: "alerts_told" in stack.log("worker").read_text(), 30)
    (posted,) = hook.posted
    assert posted.path == f"/{SECRET}"
    assert "Raised: “Anything at all”:" in posted.body["title"]
    for name in ("worker", "listener", "web"):
        assert SECRET not in stack.log(name).read_text()
