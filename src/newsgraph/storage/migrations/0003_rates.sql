-- Who has taken much of late, told between the processes that serve this file. `number` is a keyed hash: there is no
-- address in it. `until`: when they have waited enough, in milliseconds.
CREATE TABLE rates (number INTEGER PRIMARY KEY, until INTEGER NOT NULL);
CREATE INDEX rates_until ON rates (until);
