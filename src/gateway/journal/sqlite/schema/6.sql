-- What this version adds to the tables of version 5. This file never changes.
--
-- Channels that gather messages: what each was told, and what is true. Severities: 0 Info, 1 Warning, 2 Critical. Ids of alerts
-- and groups are 16 bytes of a digest. The other numbers are those of `number.rs`.

-- The severity of the last firing; nothing where it is not known.
ALTER TABLE firing ADD COLUMN severity INTEGER;
ALTER TABLE firing_change ADD COLUMN severity INTEGER;

-- The message of the channel that a delivery is, and the worst severity that it tells of.
ALTER TABLE delivery ADD COLUMN message INTEGER;
ALTER TABLE delivery ADD COLUMN urgency INTEGER;

-- 1 for an event that was given up and of which the fallback of its channel is to be told.
ALTER TABLE delivery ADD COLUMN owed INTEGER;
CREATE INDEX delivery_owed ON delivery (channel, id) WHERE owed = 1;

CREATE TABLE told_channel (
  channel        INTEGER PRIMARY KEY,    -- name.id
  policy         TEXT NOT NULL,          -- by which the dues of its groups were computed
  last_message   INTEGER NOT NULL,       -- its number
  recent         TEXT NOT NULL,          -- when the messages of the last minute were made: JSON, [time, …]
  storm_last     INTEGER,
  storm_messages INTEGER,
  undelivered    TEXT NOT NULL,          -- JSON, [[number, severity or null], …]
  paused         INTEGER NOT NULL,
  passed_until   INTEGER NOT NULL DEFAULT 0, -- of a channel that gets every event: the last delivery.id that was overdue
  grace_last     INTEGER NOT NULL DEFAULT 0, -- up to this delivery.id events are left to it
  grace_until    INTEGER NOT NULL DEFAULT 0, -- until then
  generation     INTEGER NOT NULL DEFAULT 0, -- of the rules by which its alerts are grouped
  grouped_until  BLOB                        -- those up to this one are, while the others are not
);

-- Channels that operators paused.
CREATE TABLE channel_pause (
  channel INTEGER PRIMARY KEY,           -- name.id
  since   INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  because TEXT NOT NULL,
  author  TEXT NOT NULL
);

-- Alerts that a channel knows.
CREATE TABLE told_alert (
  channel         INTEGER NOT NULL,      -- name.id
  alert           BLOB NOT NULL,         -- the digest of integration and key, as in `firing`
  grp             BLOB NOT NULL,         -- told_group.id
  firing          INTEGER,               -- what is true: its severity while it fires
  told            INTEGER,               -- the severity that was told
  dropped         INTEGER,               -- the worst severity at which an operator dropped it
  hold            INTEGER NOT NULL,      -- 1 where a mute or silence holds it
  routing         INTEGER NOT NULL,      -- 1 where its last firing was routed elsewhere
  entry           INTEGER NOT NULL,      -- 1 where another channel passed it on
  fallback        INTEGER NOT NULL,      -- what the channel's fallback knows: 0 nothing, 1 it is to be told as a message was
                                         -- given up, otherwise 2 more than the severity that it was told
  passed_on       INTEGER NOT NULL,      -- 1 where it was told that the alert is as bad as it is, or worse
  news_since      INTEGER,
  news_critical   INTEGER,
  news_origin     INTEGER,
  lapsed_since    INTEGER,
  lapsed_critical INTEGER,
  lapsed_origin   INTEGER,
  lapsed_until    INTEGER,
  message         INTEGER,               -- the undelivered message that told of it last
  told_in         INTEGER,               -- the last message that told of it
  tellable        INTEGER NOT NULL,      -- 1 where the next message of its group tells it
  class           INTEGER,               -- where it is tellable: the class of its news that makes its group due, since
                                         -- news_since, or -1
  critical_due    INTEGER,               -- since when it makes its group due as Critical news
  push            INTEGER,               -- push.id of its last event
  position        INTEGER,               -- of that event among the outcomes
  heard           INTEGER,               -- when that was
  copy            INTEGER,               -- 1 where an `always` line gives it: nothing holds it
  held_by         TEXT,                  -- the mute that held it last; nothing for a silence
  PRIMARY KEY (channel, alert)
) WITHOUT ROWID;
CREATE INDEX told_alert_class ON told_alert (channel, grp, class, passed_on, news_since) WHERE class IS NOT NULL;
CREATE INDEX told_alert_critical ON told_alert (channel, grp, passed_on, critical_due) WHERE critical_due IS NOT NULL;
CREATE INDEX told_alert_lapsed ON told_alert (channel, lapsed_until) WHERE lapsed_until IS NOT NULL;
CREATE INDEX told_alert_told ON told_alert (channel, grp, told) WHERE told IS NOT NULL;
CREATE INDEX told_alert_push ON told_alert (push);
CREATE INDEX told_alert_held ON told_alert (channel, held_by) WHERE hold = 1 AND firing IS NOT NULL;

CREATE TABLE told_group (
  channel         INTEGER NOT NULL,      -- name.id
  id              BLOB NOT NULL,
  since           INTEGER NOT NULL,
  messages        INTEGER NOT NULL,      -- the exponent of its wait
  last_message    INTEGER,
  last_message_id INTEGER,
  last_change     INTEGER NOT NULL,
  last_end        INTEGER,
  changes         INTEGER NOT NULL,
  undelivered     INTEGER,               -- the number of its undelivered message
  due             INTEGER,
  known           INTEGER NOT NULL,      -- its alerts
  told_info       INTEGER NOT NULL,      -- those that were told and fire, by the severity that was told
  told_warning    INTEGER NOT NULL,
  told_critical   INTEGER NOT NULL,
  repeated        INTEGER NOT NULL,
  still_critical  INTEGER NOT NULL,
  held            INTEGER NOT NULL,
  news            INTEGER NOT NULL,
  news_info       INTEGER NOT NULL,      -- those that fire and are news, by severity
  news_warning    INTEGER NOT NULL,
  news_critical   INTEGER NOT NULL,
  passed_on       INTEGER NOT NULL,      -- those that are news and of which the fallback was told
  given_up        INTEGER NOT NULL,      -- those of which it is to be told as a message was given up
  owed_since      INTEGER,               -- since when the news of its undelivered message is due
  fallback_due    INTEGER,               -- when the fallback has to be told
  urgency         INTEGER NOT NULL,      -- the worst of them: 0 nothing, 1 Info, 2 Warning, 3 Critical
  vals            TEXT,                  -- the values of `group_by`: JSON, [[name, value], …]
  timing          TEXT,                  -- why it is due then: JSON
  PRIMARY KEY (channel, id)
) WITHOUT ROWID;
CREATE INDEX told_group_change ON told_group (channel, last_change, id);
CREATE INDEX told_group_due ON told_group (channel, urgency, due, id) WHERE due IS NOT NULL;
CREATE INDEX told_group_fallback ON told_group (channel, fallback_due, id) WHERE fallback_due IS NOT NULL;
CREATE INDEX told_group_idle ON told_group (channel, last_change, id) WHERE known = 0;

-- Messages. Those that are settled stay for a while.
CREATE TABLE told_message (
  channel  INTEGER NOT NULL,             -- name.id
  number   INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  reason   INTEGER NOT NULL,
  status   INTEGER NOT NULL,             -- 0 Firing, 1 Resolved
  severity INTEGER NOT NULL,
  firing   INTEGER NOT NULL,
  critical INTEGER NOT NULL,
  resolved INTEGER NOT NULL,
  muted    INTEGER NOT NULL,
  changes  INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  alerts   INTEGER NOT NULL,             -- how many it told of
  grps     BLOB,                         -- 16 bytes each; nothing once it is settled
  ended    INTEGER,                      -- 0 delivered, 1 given up because of its age, 2 refused, 3 given up as its channel
                                         -- was removed, 4 dropped
  news     BLOB,                         -- 43 bytes each: alert, group, what is news, told before, told now, since when;
                                         -- nothing once it ended otherwise than refused
  ulid     BLOB NOT NULL,                -- by which operators name it
  timing   TEXT,                         -- why it was made at that time: JSON
  groups   INTEGER NOT NULL,             -- how many groups it tells of
  vals     TEXT,                         -- the values of its group: JSON, [[name, value], …]
  title    TEXT,                         -- as it was sent
  dropped  TEXT,                         -- JSON: who dropped it
  PRIMARY KEY (channel, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX told_message_ulid ON told_message (ulid);
CREATE INDEX told_message_at ON told_message (at);

-- What an event was for a channel when it came.
CREATE TABLE fate (
  push     INTEGER NOT NULL,             -- push.id
  position INTEGER NOT NULL,
  channel  INTEGER NOT NULL,             -- name.id
  result   INTEGER NOT NULL,
  message  INTEGER,                      -- the last message that told of its alert until then
  after    INTEGER,                      -- milliseconds for which it had been news
  hold     TEXT,                         -- JSON: what held it, or who dropped it
  wait     INTEGER,                      -- milliseconds that it would have waited
  PRIMARY KEY (push, position, channel)
) WITHOUT ROWID;

-- How the news of alerts ended, in order.
CREATE TABLE told_change (
  id      INTEGER PRIMARY KEY,
  channel INTEGER NOT NULL,              -- name.id
  alert   BLOB NOT NULL,
  push    INTEGER NOT NULL,              -- push.id of its last event
  result  INTEGER NOT NULL,
  message INTEGER,                       -- the message that told it
  after   INTEGER,                       -- of what was over untold: milliseconds for which it had been news,
  wait    INTEGER,                       -- and milliseconds that it would have waited
  at      INTEGER NOT NULL,
  hold    TEXT,                          -- JSON: what held it until it was over, or who dropped it
  fallback TEXT,                         -- the channel that was told instead
  waited  INTEGER                        -- for how many milliseconds it was due then; nothing where a message was given up
);
CREATE INDEX told_change_alert ON told_change (channel, alert, push);
CREATE INDEX told_change_message ON told_change (channel, message, id) WHERE message IS NOT NULL;

-- What operators silence. Those that ended stay as long as events.
CREATE TABLE silence (
  id             BLOB PRIMARY KEY,       -- a ULID
  condition      TEXT NOT NULL,          -- over the event
  starts         INTEGER NOT NULL,
  ends           INTEGER NOT NULL,       -- with its extensions
  until_resolved INTEGER NOT NULL,
  channels       TEXT,                   -- JSON, [name, …]; nothing: all
  because        TEXT NOT NULL,
  author         TEXT NOT NULL,
  created        INTEGER NOT NULL,
  extensions     TEXT,                   -- JSON, [{"at", "by", "until"}, …]
  begun          INTEGER NOT NULL,       -- 1 once its beginning was noticed
  ended          INTEGER,
  cause          INTEGER,                -- why it ended
  ended_by       TEXT,                   -- the operator
  quiet          INTEGER                 -- with until_resolved: since when nothing fires that it holds
) WITHOUT ROWID;
CREATE INDEX silence_open ON silence (id) WHERE ended IS NULL;
CREATE INDEX silence_ended ON silence (ended) WHERE ended IS NOT NULL;

-- Alerts that fire and that a mute or silence may hold, or that are sources of mutes.
CREATE TABLE hold_alert (
  alert    BLOB PRIMARY KEY,             -- the digest of integration and key
  since    INTEGER NOT NULL,
  key      TEXT NOT NULL,
  facts    TEXT NOT NULL,                -- JSON: what the mutes and silences say of its last event
  push     INTEGER,                      -- push.id of that event
  position INTEGER
) WITHOUT ROWID;
CREATE INDEX hold_alert_push ON hold_alert (push) WHERE push IS NOT NULL;

-- By what such an alert is found: a source of a mute, or a silence.
CREATE TABLE hold_candidate (
  holder BLOB NOT NULL,                  -- 0 and the digest of a mute and the values after `same`, or 1 and silence.id
  alert  BLOB NOT NULL,
  PRIMARY KEY (holder, alert)
) WITHOUT ROWID;

-- Alerts that are sources of mutes, those that ended for as long as the mute goes on.
CREATE TABLE hold_source (
  source      BLOB NOT NULL,             -- the digest of a mute and the values after `same`
  alert       BLOB NOT NULL,
  kind        INTEGER NOT NULL,          -- 1 where it counts and a source may hold it itself
  state       INTEGER NOT NULL,          -- 0 fires, 1 ended, 2 fires and was not heard of for too long
  at          INTEGER,                   -- since when it is in that state, if it does not fire
  until       INTEGER,                   -- when it ends to count
  until_after INTEGER NOT NULL,          -- milliseconds for which it counts after its end
  since       INTEGER NOT NULL,
  key         TEXT NOT NULL,
  class       BLOB,                      -- of kind 1: the digest of what may hold it and of where it counts
  PRIMARY KEY (source, alert)
) WITHOUT ROWID;
CREATE INDEX hold_source_counting ON hold_source (source, kind, alert) WHERE until IS NOT NULL;
CREATE INDEX hold_source_class ON hold_source (source, class, since, key, alert) WHERE class IS NOT NULL;
CREATE INDEX hold_source_first ON hold_source (source, since, key, alert) WHERE class IS NOT NULL;
CREATE INDEX hold_source_due ON hold_source (until, source, alert) WHERE until IS NOT NULL;

-- How far alerts were looked at again.
CREATE TABLE hold_recheck (
  scope BLOB PRIMARY KEY,                -- empty: the facts of all open alerts; 2: their holds; or a holder as in hold_candidate
  after BLOB                             -- the alerts up to this one were; nothing at the beginning
) WITHOUT ROWID;

-- The last event of an alert in a channel that gets every event and from which a mute or silence keeps some, or of which an
-- operator dropped some.
CREATE TABLE held_event (
  id       INTEGER PRIMARY KEY,
  alert    BLOB NOT NULL,
  channel  INTEGER NOT NULL,             -- name.id
  told     INTEGER,                      -- the severity of the last event that was sent
  firing   INTEGER NOT NULL,             -- that of the last event
  hold     INTEGER NOT NULL,             -- 1 where it is held now
  held_by  TEXT,                         -- the mute that holds it; nothing for a silence
  push     INTEGER NOT NULL,             -- push.id of the last event
  position INTEGER NOT NULL,
  kind     TEXT NOT NULL,                -- the rest is its delivery
  key      TEXT NOT NULL,
  notes    TEXT,
  body     BLOB,
  dropped    INTEGER,                    -- the worst severity that an operator dropped
  dropped_by TEXT                        -- JSON: who
);
CREATE UNIQUE INDEX held_event_alert ON held_event (alert, channel);
CREATE INDEX held_event_push ON held_event (push);

-- When the senders of heartbeats were heard. Listening time is counted in milliseconds in which the gateway listened.
CREATE TABLE beat (
  heartbeat    INTEGER NOT NULL,         -- name.id
  vals         TEXT NOT NULL,            -- the values of `by`: JSON, [[name, value], …]
  heard        INTEGER NOT NULL,         -- in listening time
  heard_at     INTEGER NOT NULL,         -- the same by the wall clock
  absent_heard INTEGER,                  -- while it is absent: when it was heard before, in listening time
  absent_since INTEGER,                  -- the same by the wall clock
  forgotten    INTEGER NOT NULL,         -- 1 where an operator forgot it while it was absent
  push         INTEGER,                  -- push.id of the event that told its absence
  position     INTEGER,                  -- of that event among the outcomes
  PRIMARY KEY (heartbeat, vals)
) WITHOUT ROWID;
CREATE INDEX beat_heard ON beat (heartbeat, heard) WHERE absent_heard IS NULL;
CREATE INDEX beat_returned ON beat (heartbeat) WHERE absent_heard IS NOT NULL AND (heard > absent_heard OR forgotten = 1);
CREATE INDEX beat_push ON beat (push) WHERE push IS NOT NULL;

-- Alerts that fire, of integrations that say after which time one is over of which nothing more is heard.
CREATE TABLE heard_alert (
  alert       BLOB PRIMARY KEY,          -- the digest of integration and key, as in `told_alert`
  integration INTEGER NOT NULL,          -- name.id
  heard       INTEGER NOT NULL,          -- in listening time, as it was written last
  push        INTEGER NOT NULL,          -- push.id of the event that was written last
  position    INTEGER NOT NULL           -- of that event among the outcomes
) WITHOUT ROWID;
CREATE INDEX heard_alert_heard ON heard_alert (integration, heard);
CREATE INDEX heard_alert_push ON heard_alert (push);

-- One row: the last steady time that was noted, and how long events could be heard until then.
CREATE TABLE clock (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  steady   INTEGER NOT NULL,
  listened INTEGER NOT NULL
);
