-- The journal's tables. Times are milliseconds since 1970; ids of pushes and events are ULIDs of 16 bytes; checksums are
-- CRC-32 of the bytes beside them. `PRAGMA user_version` is the version of this schema. Numbers here are those of
-- `number.rs`; this file never changes.
--
-- What is written at the rate of pushes grows at its end: a push is one row and three entries at the right edges of
-- indexes. A delivery that sends nothing is settled as it is stored, and has no row of its own.

-- Names of integrations and channels, so that rows hold small numbers.
CREATE TABLE name (
  id      INTEGER PRIMARY KEY,
  text    TEXT NOT NULL UNIQUE
);

-- The files of rule sets that decided something, and of the last few in force. A row goes with the last push that it decided;
-- one that never decided anything goes when later ones come.
CREATE TABLE rule_set (
  id      INTEGER PRIMARY KEY,
  hash    BLOB NOT NULL UNIQUE,          -- SHA-256 of the files
  archive BLOB NOT NULL,                 -- compressed; empty if it was not provided
  pushes  INTEGER NOT NULL DEFAULT 0     -- how many pushes it decided
);

-- Accepted pushes, in the order of acceptance.
CREATE TABLE push (
  id          INTEGER PRIMARY KEY,
  ulid        BLOB NOT NULL,
  integration INTEGER NOT NULL,          -- name.id
  received    INTEGER NOT NULL,
  door        INTEGER NOT NULL,          -- 0 push, 1 form, 2 flashduty, 3 alertmanager, 4 replay
  generation  INTEGER NOT NULL,
  rules       INTEGER NOT NULL,          -- rule_set.id
  checksum    INTEGER NOT NULL,          -- of the payload
  settled     TEXT,                      -- deliveries that sent nothing: JSON, [[position, channel], …]
  open        TEXT,                      -- what was open when it was decided: JSON, [[key, [channel, …]], …]
  replay_of   BLOB,                      -- the push whose payload this replays
  outcomes    TEXT NOT NULL,             -- JSON, a list of outcomes
  payload     BLOB NOT NULL
);
CREATE UNIQUE INDEX push_ulid ON push (ulid);
CREATE INDEX push_received ON push (received);
CREATE INDEX push_integration ON push (integration, received);

-- Deliveries with something to send. The row is small, for it changes with every attempt; the body lies apart.
CREATE TABLE delivery (
  id          INTEGER PRIMARY KEY,       -- rising in the order of acceptance, never given twice
  push        INTEGER NOT NULL,          -- push.id
  position    INTEGER NOT NULL,          -- of its outcome in the push
  integration INTEGER NOT NULL,          -- name.id
  channel     INTEGER NOT NULL,          -- name.id
  kind        TEXT NOT NULL,             -- the channel's kind when it was rendered
  key         TEXT NOT NULL,             -- the alert key
  state       INTEGER NOT NULL,          -- 0 pending, 1 delivered, 2 dead
  attempts    INTEGER NOT NULL DEFAULT 0,
  due         INTEGER NOT NULL,          -- not before
  since       INTEGER NOT NULL,          -- when its age limit begins
  replay      INTEGER NOT NULL DEFAULT 0,
  ended       INTEGER,                   -- when it was delivered or given up
  size        INTEGER NOT NULL,          -- bytes of the body
  reason      TEXT,                      -- of the last failure
  notes       TEXT                       -- what rendering noted: JSON, a list of texts
);
CREATE INDEX delivery_push ON delivery (push);
CREATE INDEX delivery_pending ON delivery (channel, id) WHERE state = 0;
CREATE INDEX delivery_pending_key ON delivery (channel, key, id) WHERE state = 0;
CREATE INDEX delivery_dead ON delivery (push) WHERE state = 2;
CREATE INDEX delivery_ended ON delivery (ended) WHERE state = 2;

-- Rendered bodies, unsigned: what a signature adds is added when it is sent.
CREATE TABLE body (
  id       INTEGER PRIMARY KEY,          -- delivery.id
  checksum INTEGER NOT NULL,
  bytes    BLOB NOT NULL
);

-- The last 20 attempts of each delivery.
CREATE TABLE attempt (
  delivery INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  took     INTEGER NOT NULL,             -- milliseconds
  status   INTEGER,                      -- HTTP
  result   TEXT,                         -- why it failed; nothing where it was delivered
  PRIMARY KEY (delivery, number)
) WITHOUT ROWID;

-- Where the firings of alert keys are open, but for what `firing_change` says otherwise.
CREATE TABLE firing (
  id       BLOB PRIMARY KEY,             -- SHA-256 of integration and key, 16 bytes of it
  since    INTEGER NOT NULL,             -- the last firing, to the hour
  channels TEXT NOT NULL                 -- separated by U+001F
) WITHOUT ROWID;

-- The last changes of open firings, in their order. They are folded into `firing` in the order of keys, many to a page.
CREATE TABLE firing_change (
  id       INTEGER PRIMARY KEY,
  key      BLOB NOT NULL,                -- firing.id
  since    INTEGER NOT NULL,
  channels TEXT NOT NULL                 -- empty where it closed
);

-- Bodies that integrations with `deduplicate_for` have accepted.
CREATE TABLE seen (
  id       INTEGER PRIMARY KEY,
  hash     BLOB NOT NULL UNIQUE,         -- SHA-256 of integration and body, 16 bytes of it
  until    INTEGER NOT NULL,
  push     BLOB NOT NULL
);
CREATE INDEX seen_until ON seen (until);

-- Refused bodies.
CREATE TABLE quarantine (
  id          INTEGER PRIMARY KEY,
  ulid        BLOB NOT NULL UNIQUE,
  integration INTEGER NOT NULL,          -- name.id
  received    INTEGER NOT NULL,
  door        INTEGER NOT NULL,
  status      INTEGER NOT NULL,          -- 400 or 422
  checksum    INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  payload     BLOB NOT NULL
);

-- What was counted for integrations and channels; what waits is counted here too, so that a start need not.
CREATE TABLE integration (
  name          INTEGER PRIMARY KEY,     -- name.id
  latest        INTEGER NOT NULL,
  accepted      INTEGER NOT NULL,
  dropped       INTEGER NOT NULL,
  refused       INTEGER NOT NULL,
  sent          INTEGER NOT NULL,
  pending       INTEGER NOT NULL,
  pending_bytes INTEGER NOT NULL
);
CREATE TABLE channel (
  name      INTEGER PRIMARY KEY,         -- name.id
  delivered INTEGER NOT NULL,
  retried   INTEGER NOT NULL,
  dead      INTEGER NOT NULL,
  pending   INTEGER NOT NULL,
  latest    INTEGER,
  error_at  INTEGER,
  error     TEXT
);

-- One row of totals.
CREATE TABLE total (
  one               INTEGER PRIMARY KEY CHECK (one = 1),
  next_delivery     INTEGER NOT NULL,
  quarantined       INTEGER NOT NULL,
  quarantined_bytes INTEGER NOT NULL
);
INSERT INTO total VALUES (1, 1, 0, 0);
