-- name: rate_add
INSERT INTO rates (number, until) VALUES ($1, $3 + $2)
ON CONFLICT (number) DO UPDATE SET until = max(until, $3) + $2
RETURNING until - $3

-- name: rates_prune
DELETE FROM rates WHERE until < $1
