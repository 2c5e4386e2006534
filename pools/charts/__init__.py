"""Charts as plain numbers and shapes: buckets of time, drawings, and the words around them.

`buckets` and `drawing` are pure. Templates in `charts/` make SVG of it; no script draws anything.
"""
