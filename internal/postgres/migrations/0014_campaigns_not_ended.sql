-- +goose Up

-- What stands against closing a wallet: its campaigns that have not ended.
CREATE INDEX campaigns_not_ended ON campaigns (book_id, ad_account_id, campaign_id) WHERE status NOT IN ('ENDED', 'ARCHIVED');
