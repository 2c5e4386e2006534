"""Rules of one's own: what staff want to be an alert, measured each minute from what is stored.

`judging` decides, from values to values; `measuring` reads the records; `watching` does it for all
rules, raises and resolves.
"""
