-- Tokens of this person that were issued before are refused; in milliseconds.
ALTER TABLE users ADD COLUMN revoked_before INTEGER;
