"""The local chain: an anvil process, our contract on it, and people who use their pools.

It talks to its own node only. Database, listener and pages know nothing of it.
"""
