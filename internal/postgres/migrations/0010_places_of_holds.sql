-- Where the units of one hold are.

-- +goose Up

-- Finds the places of a hold without reading those of every hold its wallet ever
-- had. Places that are not held, nearly all, are not in it, and no column of it
-- moves, so that updates stay heap-only.
CREATE INDEX lot_places_of_hold ON lot_places (book_id, hold_id)
    WHERE hold_id <> '00000000-0000-0000-0000-000000000000';
