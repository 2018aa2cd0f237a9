"""What RQ calls: one module for each stage. A job takes an id, may run twice, and loads and saves around its stage."""
