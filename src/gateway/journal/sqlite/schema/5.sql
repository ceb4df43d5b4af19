-- What this version adds to the tables of version 4. This file never changes.

-- What a request said besides its body, as far as mappings read it: JSON, {"headers": {name: text}, "path_suffix": text};
-- nothing where they read nothing of it. A header that cannot be read is null.
ALTER TABLE push ADD COLUMN request TEXT;
ALTER TABLE quarantine ADD COLUMN request TEXT;
