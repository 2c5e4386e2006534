"""Counters of what happens between us and the browsers, for `/metrics`."""

from prometheus_client import Counter, Gauge

BROWSERS = Gauge("coopsite_browsers", "Browsers connected to this process")
FRAMES = Counter("coopsite_frames_total", "Frames made from the outbox")
SNAPSHOTS = Counter("coopsite_snapshots_total", "Snapshots given to browsers")
SLOW_BROWSERS = Counter("coopsite_slow_browsers_total", "Queues dropped for a slow reader")
REFUSED = Counter("coopsite_refused_total", "Connections and messages refused", ["why"])
LOST_ANNOUNCEMENTS = Counter(
    "coopsite_lost_announcements_total", "Announcements that did not reach the channel layer"
)
