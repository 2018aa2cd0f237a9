"""The work: RQ jobs around pure stages."""
