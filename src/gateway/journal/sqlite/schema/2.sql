-- What this version adds to the tables of version 1. This file never changes.
--
-- A delivery may have the state 3: a dead letter that an operator dropped. Its row stays, so that the event shows it; its
-- body is gone, and `ended` is the time of the drop.

-- Until when a receiver asked its whole channel to wait, and why.
ALTER TABLE channel ADD COLUMN held_until INTEGER;
ALTER TABLE channel ADD COLUMN held_reason TEXT;

-- The last generation of the rules and their hash, so that generations count on over restarts.
ALTER TABLE total ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total ADD COLUMN rules BLOB;

-- The share of an integration in the quarantine.
ALTER TABLE integration ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE integration ADD COLUMN quarantined_bytes INTEGER NOT NULL DEFAULT 0;
