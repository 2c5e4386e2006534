"""Computing every projection once more from the stored logs, while the listener goes on.

| module | what it does |
| --- | --- |
| `run` | one rebuild from its lease to its report |
| `recomputing` | goes over the logs and keeps what differs from the live rows |
| `touched` | which pools and hours writers have changed meanwhile |
| `stored_logs`, `held_rows` | what it reads: logs pool by pool, rows as lines of text |
| `refolding` | folds one pool, and judges what its logs' rows say of them |
| `hourly` | the same for the counts of an hour |
| `lines` | a row as text, from a table or from a state |
| `staging` | where changed pools wait |

Nothing here writes to the tables: `pools.ingest.swapping` puts the outcome in place.
"""
