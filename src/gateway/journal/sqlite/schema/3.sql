-- What this version adds to the tables of version 2. This file never changes.

-- Through how many deliveries of gateways a push came, so that a loop of gateways ends.
ALTER TABLE push ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
