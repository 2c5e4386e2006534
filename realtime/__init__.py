"""Everything that talks: to nodes, to browsers, to other systems."""
