"""Drivers and twins of the ports of core, one folder a port."""
