"""Charts as plain numbers and shapes: drawings and the words around them.

`drawing` is pure; into which hours and days things fall is `pools.buckets`' matter. Templates in
`charts/` make SVG of it; no script draws anything.
"""
