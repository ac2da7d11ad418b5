//! What a crash, a fault or damage leaves, and what the journal makes of it.
