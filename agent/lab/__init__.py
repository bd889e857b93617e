"""The lab: one simulated city with real protocols, which the agent measures as it would a real one.

The lab never tells the agent anything but by the answers of its peers; all it fills a store with is simulated (E8).
"""
