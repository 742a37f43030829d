"""nuScenes' tables, and the data sets that took them over: T4, TruckScenes, Lyft Level 5."""
