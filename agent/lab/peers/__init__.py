"""The lab's peers: servers that answer as the city's devices do.

Their codecs are their own, not the collectors': a peer that shares a mistake with what asks it shows none.
"""
