-- What this version adds to the tables of version 3. This file never changes.

-- Which receiver asked the channel to wait: 16 bytes of a digest of its kind and of its address or key.
ALTER TABLE channel ADD COLUMN held_receiver BLOB;
