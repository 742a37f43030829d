"""The review page: look at frames in 3D, question the picks, decide.

A small server on this machine hands the page its own files, tables of numbers as binary, and nothing else. The page is
plain modules of ours with two WebGL2 views (the map, the cloud): it needs no package beyond those of scanpick, nothing
is loaded from elsewhere, and a million frames stay arrays on both sides.
"""
