-- What this version adds to the tables of version 6. This file never changes.
--
-- A message that tells many alerts of a group writes one row: the watermark of the group. The news of a group is what has its
-- watermark as its mark; what is news by its row and has an earlier mark was told by the message that the watermark names. Such
-- rows are brought up to date in steps, and where they are read to be changed.

ALTER TABLE told_group ADD COLUMN watermark INTEGER NOT NULL DEFAULT 0; -- the last message that told all the news of then at once
ALTER TABLE told_group ADD COLUMN folding INTEGER NOT NULL DEFAULT 0;   -- 1 while rows of its alerts may not say so yet
CREATE INDEX told_group_folding ON told_group (channel, id) WHERE folding = 1;

ALTER TABLE told_alert ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;      -- where it is tellable: the watermark when it was written
DROP INDEX told_alert_class;
DROP INDEX told_alert_critical;
CREATE INDEX told_alert_class ON told_alert (channel, grp, mark, class, passed_on, news_since) WHERE class IS NOT NULL;
CREATE INDEX told_alert_critical ON told_alert (channel, grp, mark, passed_on, critical_due) WHERE critical_due IS NOT NULL;

-- Alerts that are over, until the message that tells so is delivered.
CREATE INDEX told_alert_over ON told_alert (channel, told_in) WHERE firing IS NULL AND class IS NULL;

-- The channels that gather an event, as positions and channels: JSON, [[position, name.id], …]. Where nothing else is noted of
-- what the event was for one of them, it was unchanged. In rows of before something is noted of all.
ALTER TABLE push ADD COLUMN gathered TEXT;

-- `told_in` says it, where that message is one of the channel's undelivered ones.
ALTER TABLE told_alert DROP COLUMN message;
