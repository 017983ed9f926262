-- +goose Up

-- What an account's postings of one day booked on another day: an earlier one as a
-- rule. At the end of a booking day an account had the balance of its last posting by
-- then, with what was booked by that day and posted later, and without what was posted
-- by that day and booked later. Nearly all postings are booked on the day they are
-- posted on, and leave no row here.
CREATE TABLE account_back_dated (
    book_id    integer NOT NULL,
    account_id uuid    NOT NULL,
    posted_on  date    NOT NULL, -- the UTC day of posted_at
    booked_on  date    NOT NULL,
    debits     bigint  NOT NULL,
    credits    bigint  NOT NULL,
    CONSTRAINT account_back_dated_pkey PRIMARY KEY (book_id, account_id, posted_on, booked_on),
    CONSTRAINT account_back_dated_counters_not_negative CHECK (debits >= 0 AND credits >= 0),
    CONSTRAINT account_back_dated_two_days CHECK (posted_on <> booked_on)
);
GRANT SELECT, INSERT, UPDATE (debits, credits) ON account_back_dated TO purser_app;

-- Servers from before this migration write account_days, which newer ones neither
-- write nor read. While both run, this keeps the new table for the old ones: they move
-- the head before they write days. The table goes, with this, when no such server can
-- run any longer.
-- +goose StatementBegin
CREATE FUNCTION account_days_back_dated() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    posted date;
    debits bigint := NEW.debits;
    credits bigint := NEW.credits;
BEGIN
    SELECT (last_posted_at AT TIME ZONE 'UTC')::date INTO STRICT posted FROM book_heads WHERE book_id = NEW.book_id;
    IF TG_OP = 'UPDATE' THEN
        debits := debits - OLD.debits;
        credits := credits - OLD.credits;
    END IF;
    IF posted <> NEW.booked_on THEN
        INSERT INTO account_back_dated AS d (book_id, account_id, posted_on, booked_on, debits, credits)
        VALUES (NEW.book_id, NEW.account_id, posted, NEW.booked_on, debits, credits)
        ON CONFLICT ON CONSTRAINT account_back_dated_pkey DO UPDATE SET debits = d.debits + excluded.debits, credits = d.credits + excluded.credits;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER account_days_back_dated AFTER INSERT OR UPDATE ON account_days
    FOR EACH ROW EXECUTE FUNCTION account_days_back_dated();

INSERT INTO account_back_dated (book_id, account_id, posted_on, booked_on, debits, credits)
SELECT p.book_id, s.account_id, (p.posted_at AT TIME ZONE 'UTC')::date, j.booked_on, sum(s.debits), sum(s.credits)
FROM journals j
JOIN postings p ON p.book_id = j.book_id AND p.journal_id = j.journal_id
CROSS JOIN LATERAL (VALUES (p.debit_account, p.amount, 0::bigint), (p.credit_account, 0::bigint, p.amount)) AS s (account_id, debits, credits)
WHERE j.booked_on <> (j.posted_at AT TIME ZONE 'UTC')::date
GROUP BY p.book_id, s.account_id, (p.posted_at AT TIME ZONE 'UTC')::date, j.booked_on;
