package postgres_test

var holdRules = map[string]tableRules{
	"holds": {
		valid: row{
			"book_id": "9", "hold_id": id1, "wallet_id": id1, "account_id": id1, "held_account_id": id2, "purpose": "'BID'", "subject_type": "'JOB'",
			"subject_id": "'1'", "reserved": "3", "captured": "1", "released": "1", "status": "'OPEN'", "opened_at": at1, "expires_at": at2, "closed_at": null,
		},
		breaks: map[string][]row{
			"holds_reserved_positive": {{"reserved": "0", "captured": "0", "released": "0", "status": "'RELEASED'", "closed_at": at1}},
			"holds_parts_bounds": {
				{"captured": "-1"}, {"released": "-1"}, {"captured": "3", "status": "'CAPTURED'", "closed_at": at1},
			},
			"holds_status_known":         {{"status": "'LOST'", "captured": "2", "closed_at": at1}},
			"holds_closed_holds_nothing": {{"captured": "2"}, {"status": "'RELEASED'", "closed_at": at1}},
			"holds_closed_whole":         {{"closed_at": at1}, {"captured": "2", "status": "'CAPTURED'"}},
			"holds_subject_whole":        {{"subject_type": null}, {"subject_id": null}},
		},
		repeats:  map[string]row{"holds_pkey": {"reserved": "4"}},
		apart:    map[string][]row{"holds_pkey": {{"hold_id": id2}, {"book_id": "8"}}},
		nullable: []string{"subject_type", "subject_id", "closed_at"},
	},
}

var periodRules = map[string]tableRules{
	"book_periods": {
		valid: row{"book_id": "9", "seq": "2", "period": "'2026-02-01'", "event": "'CLOSED'", "journal_id": id1, "at": at1, "trial_hash": hash1},
		breaks: map[string][]row{
			"book_periods_first_of_month":   {{"period": "'2026-02-02'"}},
			"book_periods_event_known":      {{"event": "'LOST'", "trial_hash": null}},
			"book_periods_closed_has_trial": {{"trial_hash": null}, {"event": "'REOPENED'"}},
		},
		repeats:  map[string]row{"book_periods_pkey": {"journal_id": id2}},
		apart:    map[string][]row{"book_periods_pkey": {{"book_id": "8"}, {"seq": "3"}}},
		nullable: []string{"trial_hash"},
	},
	"period_trials": {
		valid:   row{"book_id": "9", "seq": "2", "class": "'2000'", "commodity": "'USD'", "debits": "1", "credits": "1"},
		needs:   []string{"book_periods"},
		breaks:  map[string][]row{"period_trials_period_fkey": {{"seq": "3"}, {"book_id": "8"}}},
		repeats: map[string]row{"period_trials_pkey": {"debits": "2"}},
		apart:   map[string][]row{"period_trials_pkey": {{"class": "'4000'"}, {"commodity": "'EUR'"}}},
	},
	"period_requests": {
		valid: row{
			"request_id": id1, "period": "'2026-02-01'", "action": "'CLOSE'", "status": "'PENDING'", "reason": "'r'", "requested_by": "'a'",
			"requested_at": at1, "approved_by": null, "approved_at": null, "withdrawn_by": null, "withdrawn_at": null,
		},
		breaks: map[string][]row{
			"period_requests_action_known": {{"action": "'LOSE'"}},
			"period_requests_status_known": {{"status": "'LOST'"}},
			"period_requests_approved_whole": {
				{"status": "'APPROVED'"}, {"approved_by": "'b'", "approved_at": at2}, {"approved_at": at2}, {"status": "'APPROVED'", "approved_by": "'b'"},
			},
			"period_requests_withdrawn_whole": {
				{"status": "'WITHDRAWN'"}, {"withdrawn_by": "'a'", "withdrawn_at": at2}, {"withdrawn_at": at2}, {"status": "'WITHDRAWN'", "withdrawn_by": "'a'"},
			},
			"period_requests_two_people": {{"status": "'APPROVED'", "approved_by": "'a'", "approved_at": at2}},
		},
		repeats: map[string]row{"period_requests_pkey": {"period": "'2026-01-01'"}, "period_requests_one_pending": {"request_id": id2}},
		apart: map[string][]row{
			"period_requests_pkey":        {{"request_id": id2}},
			"period_requests_one_pending": {{"period": "'2026-01-01'"}, {"status": "'APPROVED'", "approved_by": "'b'", "approved_at": at2}},
		},
		nullable: []string{"approved_by", "approved_at", "withdrawn_by", "withdrawn_at"},
	},
}

var keyRules = map[string]tableRules{
	"idempotency_keys": {
		valid: row{
			"book_id": "9", "principal": "'p'", "mutation": "'m'", "owner_id": id1, "key": "'k'", "fingerprint": hash1, "command_id": id1, "seq": "1",
			"refusal": null, "facts": null, "decided_at": at1,
		},
		breaks: map[string][]row{
			"idempotency_keys_one_outcome": {{"seq": null}, {"refusal": "'R'", "facts": "''"}, {"facts": "''"}, {"seq": null, "refusal": "'R'"}},
		},
		repeats: map[string]row{"idempotency_keys_pkey": {"command_id": id2}},
		apart: map[string][]row{
			"idempotency_keys_pkey": {{"book_id": "8"}, {"principal": "'q'"}, {"mutation": "'n'"}, {"owner_id": id2}, {"key": "'l'"}},
		},
		nullable: []string{"seq", "refusal", "facts"},
	},
	"once_keys": {
		valid:   row{"book_id": "9", "once_key": "'k'", "journal_id": id1},
		repeats: map[string]row{"once_keys_pkey": {"journal_id": id2}},
		apart:   map[string][]row{"once_keys_pkey": {{"book_id": "8"}, {"once_key": "'l'"}}},
	},
}

var ownerRules = map[string]tableRules{
	"owners": {
		valid: row{"owner_id": id1, "book_id": "1", "kind": "'PARTY'", "jurisdiction": "'US'", "time_zone": "'UTC'", "created_at": at1},
		breaks: map[string][]row{
			"owners_kind_known":       {{"kind": "'PET'"}},
			"owners_jurisdiction_iso": {{"jurisdiction": "'us'"}, {"jurisdiction": "'USA'"}, {"jurisdiction": "'U'"}},
			"owners_book_fkey":        {{"book_id": "9"}},
		},
		repeats: map[string]row{"owners_pkey": {"book_id": "2"}},
		apart:   map[string][]row{"owners_pkey": {{"owner_id": id2}}},
	},
	"memberships": {
		valid: row{"party_id": id2, "organisation_id": id1, "role": "'AGENCY_ADMIN'", "since": at1, "ended_at": null},
		needs: []string{"owners"},
		breaks: map[string][]row{
			"memberships_role_known":        {{"role": "'FINANCE'"}},
			"memberships_organisation_fkey": {{"organisation_id": id3}},
		},
		repeats:  map[string]row{"memberships_pkey": {"ended_at": at2}},
		apart:    map[string][]row{"memberships_pkey": {{"party_id": id3}, {"role": "'AGENCY_MEMBER'"}}},
		nullable: []string{"ended_at"},
	},
	"wallets": {
		valid: row{
			"book_id": "1", "wallet_id": id1, "owner_id": id1, "kind": "'AGENCY'", "opened_at": at1, "freeze_reason": "'DEBT'", "frozen_at": at1,
			"member_id": null,
		},
		needs: []string{"owners"},
		breaks: map[string][]row{
			"wallets_kind_known":          {{"kind": "'PIGGY'"}},
			"wallets_freeze_whole":        {{"frozen_at": null}, {"freeze_reason": null}},
			"wallets_freeze_reason_known": {{"freeze_reason": "'MOOD'"}},
			"wallets_member_whole":        {{"member_id": id2}, {"kind": "'MEMBER'"}},
			"wallets_owner_fkey":          {{"owner_id": id3}},
		},
		repeats: map[string]row{"wallets_pkey": {"kind": "'FREELANCER'"}, "wallets_owner_kind_unique": {"wallet_id": id2}},
		apart: map[string][]row{
			"wallets_pkey":              {{"wallet_id": id2}, {"book_id": "2"}},
			"wallets_owner_kind_unique": {{"kind": "'FREELANCER'"}, {"book_id": "2"}, {"kind": "'MEMBER'", "member_id": id2}},
		},
		nullable: []string{"freeze_reason", "frozen_at", "member_id"},
	},
	"wallet_spend": {
		valid: row{
			"book_id": "1", "wallet_id": id1, "bucket_at": at1, "product": "'P'", "initiated_by": "'a'", "consumed": "0", "returned": "0",
		},
		breaks:  map[string][]row{"wallet_spend_counters_not_negative": {{"consumed": "-1"}, {"returned": "-1"}}},
		repeats: map[string]row{"wallet_spend_pkey": {"consumed": "1"}},
		apart: map[string][]row{
			"wallet_spend_pkey": {{"book_id": "2"}, {"wallet_id": id2}, {"bucket_at": at2}, {"product": "'Q'"}, {"initiated_by": "'b'"}},
		},
	},
}

var campaignRules = map[string]tableRules{
	"ad_accounts": {
		valid: row{
			"book_id": "1", "ad_account_id": id1, "owner_id": id1, "name": "'n'", "commodity": "'CNX'", "wallet_id": id2, "time_zone": "'UTC'",
			"opened_at": at1, "campaigns": "0",
		},
		needs: []string{"owners"},
		breaks: map[string][]row{
			"ad_accounts_commodity_known":        {{"commodity": "'EUR'", "wallet_id": null}},
			"ad_accounts_wallet_for_connects":    {{"wallet_id": null}, {"commodity": "'USD'"}},
			"ad_accounts_campaigns_not_negative": {{"campaigns": "-1"}},
			"ad_accounts_owner_fkey":             {{"owner_id": id3}},
		},
		repeats:  map[string]row{"ad_accounts_pkey": {"name": "'m'"}},
		apart:    map[string][]row{"ad_accounts_pkey": {{"ad_account_id": id2}, {"book_id": "2"}}},
		nullable: []string{"wallet_id"},
	},
	"campaigns": {
		valid: row{
			"book_id": "1", "campaign_id": id1, "ad_account_id": id1, "name": "'n'", "name_key": "'n'", "product": "'PROMOTED_JOB'", "ad_type": "'JOB'",
			"ad_id": id1, "starts_at": at1, "ends_at": at2, "bid_minor": "1", "budget_type": "'DAILY'", "budget_minor": "1", "status": "'DRAFT'",
			"version": "1", "created_at": at1, "updated_at": at1, "budget_edits_on": at1, "budget_edits": "0", "funded": "5", "released": "2",
			"consumed": "4", "credited": "1", "unbilled": "0",
		},
		needs: []string{"owners", "ad_accounts"},
		breaks: map[string][]row{
			"campaigns_product_known":     {{"product": "'X'"}},
			"campaigns_ad_type_known":     {{"ad_type": "'X'"}},
			"campaigns_schedule_forward":  {{"ends_at": at1}},
			"campaigns_bid_positive":      {{"bid_minor": "0"}},
			"campaigns_budget_positive":   {{"budget_minor": "0"}},
			"campaigns_budget_type_known": {{"budget_type": "'X'"}},
			"campaigns_status_known":      {{"status": "'X'"}},
			"campaigns_version_positive":  {{"version": "0"}},
			"campaigns_counters_not_negative": {
				{"funded": "-1", "released": "0", "consumed": "0"},
				{"released": "-1"},
				{"consumed": "-1"},
				{"credited": "-1", "consumed": "0"},
				{"unbilled": "-1"},
				{"budget_edits": "-1"},
			},
			"campaigns_never_overspent": {{"consumed": "5"}, {"released": "3"}},
			"campaigns_ad_account_fkey": {{"ad_account_id": id3}, {"book_id": "2"}},
		},
		repeats: map[string]row{"campaigns_pkey": {"name_key": "'m'"}, "campaigns_name_unique": {"campaign_id": id2}},
		apart: map[string][]row{
			"campaigns_pkey": {{"campaign_id": id2}}, "campaigns_name_unique": {{"name_key": "'m'"}},
		},
		nullable: []string{"ends_at"},
	},
	"campaign_changes": {
		valid: row{
			"book_id": "1", "campaign_id": id1, "changed_at": at1, "journal_id": id1, "line": "0", "actor": "'a'", "field": "'f'", "old_value": "''",
			"new_value": "''",
		},
		repeats: map[string]row{"campaign_changes_pkey": {"field": "'g'"}},
		apart: map[string][]row{
			"campaign_changes_pkey": {{"book_id": "2"}, {"campaign_id": id2}, {"changed_at": at2}, {"journal_id": id2}, {"line": "1"}},
		},
	},
}

var adRules = map[string]tableRules{
	"click_charges": {
		valid: row{
			"book_id": "1", "campaign_id": id1, "posted_at": at1, "journal_id": id1, "batch": "'b'", "minute_at": at1, "impressions": "0", "clicks": "2",
			"billable_clicks": "2", "billed": "0", "unbilled": "0",
		},
		breaks: map[string][]row{
			"click_charges_counters_not_negative": {
				{"impressions": "-1"}, {"clicks": "-1", "billable_clicks": "0"}, {"billable_clicks": "-1"}, {"billable_clicks": "3"}, {"billed": "-1"}, {"unbilled": "-1"},
			},
		},
		repeats: map[string]row{"click_charges_pkey": {"batch": "'c'"}},
		apart:   map[string][]row{"click_charges_pkey": {{"book_id": "2"}, {"campaign_id": id2}, {"posted_at": at2}, {"journal_id": id2}}},
	},
	"ad_rollups_15m": {
		valid:   rollup("bucket_at"),
		breaks:  map[string][]row{"ad_rollups_15m_counters_not_negative": negativeRollups},
		repeats: map[string]row{"ad_rollups_15m_pkey": {"clicks": "1"}},
		apart:   map[string][]row{"ad_rollups_15m_pkey": {{"book_id": "2"}, {"campaign_id": id2}, {"bucket_at": at2}}},
	},
	"ad_rollups_daily": {
		valid:   rollup("day"),
		breaks:  map[string][]row{"ad_rollups_daily_counters_not_negative": negativeRollups},
		repeats: map[string]row{"ad_rollups_daily_pkey": {"clicks": "1"}},
		apart:   map[string][]row{"ad_rollups_daily_pkey": {{"book_id": "2"}, {"campaign_id": id2}, {"day": at2}}},
	},
}

func rollup(when string) row {
	return row{
		"book_id": "1", "campaign_id": id1, when: at1, "impressions": "0", "clicks": "0", "billable_clicks": "0", "spend_gross": "0", "credits": "0",
		"unbilled": "0",
	}
}

var negativeRollups = []row{
	{"impressions": "-1"}, {"clicks": "-1"}, {"billable_clicks": "-1"}, {"spend_gross": "-1"}, {"credits": "-1"}, {"unbilled": "-1"},
}

var jobRules = map[string]tableRules{
	"demo_loads": {
		valid:    row{"seed": "1", "wallets": "1", "days": "1", "campaigns": "0", "ends_at": at1, "finished_at": null},
		repeats:  map[string]row{"demo_loads_pkey": {"wallets": "2"}},
		apart:    map[string][]row{"demo_loads_pkey": {{"seed": "2"}}},
		nullable: []string{"finished_at"},
	},
	"job_leases": {
		valid:   row{"job": "'j'", "holder": "'h'", "until": at1},
		repeats: map[string]row{"job_leases_pkey": {"holder": "'i'"}},
		apart:   map[string][]row{"job_leases_pkey": {{"job": "'k'"}}},
	},
	"job_progress": {
		valid:   row{"job": "'j'", "book_id": "1", "at": at1},
		repeats: map[string]row{"job_progress_pkey": {"at": at2}},
		apart:   map[string][]row{"job_progress_pkey": {{"job": "'k'"}, {"book_id": "2"}}},
	},
	"invariant_checks": {
		valid: row{"invariant": "'I1'", "checked_at": at1, "status": "'OK'", "failures": "0", "detail": "''", "duration": "'1 s'"},
		breaks: map[string][]row{
			"invariant_checks_status_known":          {{"status": "'LOST'"}},
			"invariant_checks_failures_not_negative": {{"failures": "-1"}},
		},
		repeats: map[string]row{"invariant_checks_pkey": {"failures": "1"}},
		apart:   map[string][]row{"invariant_checks_pkey": {{"invariant": "'I2'"}}},
	},
}
