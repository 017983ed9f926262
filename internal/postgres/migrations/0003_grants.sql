-- What the application role may do. INSERT and SELECT everywhere; UPDATE only on
-- the columns that move; DELETE and TRUNCATE nowhere.

-- +goose Up

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'purser_app') THEN
        BEGIN
            CREATE ROLE purser_app NOLOGIN;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'role purser_app is missing: run CREATE ROLE purser_app LOGIN as an administrator, then migrate again';
        END;
    END IF;
END
$$;
-- +goose StatementEnd

GRANT USAGE ON SCHEMA public TO purser_app;

GRANT SELECT, INSERT ON
    accounts, account_balances, journals, postings, lots, lot_places, lot_movements,
    account_days, trial_days, batches, idempotency_keys, once_keys,
    owners, memberships, wallets, wallet_spend, demo_loads
    TO purser_app;
GRANT SELECT ON book_heads, goose_db_version TO purser_app;

GRANT UPDATE (seq, last_posted_at) ON book_heads TO purser_app;
GRANT UPDATE (debits, credits, version, status) ON account_balances TO purser_app;
GRANT UPDATE (remaining, basis_remaining, tax_remaining) ON lots TO purser_app;
GRANT UPDATE (quantity) ON lot_places TO purser_app;
GRANT UPDATE (debits, credits) ON account_days TO purser_app;
GRANT UPDATE (debits, credits) ON trial_days TO purser_app;
GRANT UPDATE (since, ended_at) ON memberships TO purser_app;
GRANT UPDATE (freeze_reason, frozen_at) ON wallets TO purser_app;
GRANT UPDATE (consumed, returned) ON wallet_spend TO purser_app;
GRANT UPDATE (finished_at) ON demo_loads TO purser_app;
