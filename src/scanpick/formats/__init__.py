"""File formats that several packages read or write."""
