package postgres_test

import "maps"

// Values for rows of schemaRules.
const (
	id1, id2, id3 = `'01900000-0000-7000-8000-000000000001'`, `'01900000-0000-7000-8000-000000000002'`, `'01900000-0000-7000-8000-000000000003'`
	nilID         = `'00000000-0000-0000-0000-000000000000'`
	at1, at2, at3 = `'2026-03-05 22:00:00+00'`, `'2026-03-06 22:00:00+00'`, `'2026-03-07 22:00:00+00'`
	hash1         = `decode(repeat('ab', 32), 'hex')`
	hashShort     = `decode(repeat('ab', 31), 'hex')`
	null          = `NULL`
)

// schemaRules is every table of the schema.
var schemaRules = func() map[string]tableRules {
	all := map[string]tableRules{}
	for _, part := range []map[string]tableRules{bookRules, accountRules, lotRules, holdRules, periodRules, keyRules, ownerRules, campaignRules, adRules, jobRules} {
		maps.Copy(all, part)
	}
	return all
}()

var bookRules = map[string]tableRules{
	"book_heads": {
		valid: row{"book_id": "9", "seq": "2", "last_posted_at": at1, "closed_through": null, "hash": hash1, "hashed_seq": "2"},
		breaks: map[string][]row{
			"book_heads_seq_not_negative":  {{"seq": "-1", "hash": null, "hashed_seq": "0"}},
			"book_heads_hash_whole":        {{"hash": null}, {"hashed_seq": "0"}},
			"book_heads_hashed_seq_bounds": {{"hashed_seq": "3"}, {"hashed_seq": "-1"}},
		},
		implied:  map[string]string{"book_heads_seq_not_negative": "book_heads_hashed_seq_bounds"},
		repeats:  map[string]row{"book_heads_pkey": {"seq": "3"}},
		apart:    map[string][]row{"book_heads_pkey": {{"book_id": "8"}}},
		nullable: []string{"closed_through", "hash"},
	},
	"batches": {
		valid: row{"book_id": "9", "last_seq": "2", "first_seq": "1", "posted_at": at1, "root": hash1, "hash": hash1},
		breaks: map[string][]row{
			"batches_not_empty":   {{"first_seq": "3"}, {"first_seq": "0"}},
			"batches_link_whole":  {{"root": null}, {"hash": null}},
			"batches_link_length": {{"root": hashShort}, {"hash": hashShort}},
		},
		repeats:  map[string]row{"batches_pkey": {"first_seq": "2"}},
		apart:    map[string][]row{"batches_pkey": {{"book_id": "8"}, {"last_seq": "3"}}},
		nullable: []string{"root", "hash"},
	},
	"checkpoints": {
		valid: row{"book_id": "9", "seq": "2", "hash": hash1, "signed_at": at1, "public_key": hash1, "signature": hash1 + "||" + hash1},
		breaks: map[string][]row{
			"checkpoints_lengths": {{"hash": hashShort}, {"public_key": hashShort}, {"signature": hash1}},
		},
		repeats: map[string]row{"checkpoints_pkey": {"signed_at": at2}},
		apart:   map[string][]row{"checkpoints_pkey": {{"book_id": "8"}, {"seq": "3"}}},
	},
	"outbox": {
		valid: row{
			"book_id": "9", "last_seq": "2", "first_seq": "1", "posted_at": at1, "journal_ids": "ARRAY[" + id1 + "," + id2 + "]::uuid[]",
			"types": "'{GRANT,SPEND}'", "wallet_ids": "ARRAY[" + id1 + ",NULL]::uuid[]",
		},
		breaks: map[string][]row{
			"outbox_whole": {{"first_seq": "2"}, {"types": "'{GRANT}'"}, {"wallet_ids": "ARRAY[" + id1 + "]::uuid[]"}},
		},
		repeats: map[string]row{"outbox_pkey": {"posted_at": at2}},
		apart:   map[string][]row{"outbox_pkey": {{"book_id": "8"}, {"first_seq": "2", "last_seq": "3"}}},
	},
	"outbox_consumers": {
		valid:   row{"consumer": "'c'", "book_id": "9", "seq": "2", "updated_at": at1},
		breaks:  map[string][]row{"outbox_consumers_seq_not_negative": {{"seq": "-1"}}},
		repeats: map[string]row{"outbox_consumers_pkey": {"seq": "3"}},
		apart:   map[string][]row{"outbox_consumers_pkey": {{"consumer": "'d'"}, {"book_id": "8"}}},
	},
}

var accountRules = map[string]tableRules{
	"accounts": {
		valid: row{
			"book_id": "9", "account_id": id1, "code": "'WALLET'", "class": "'WALLET'", "commodity": "'CNX'", "owner_id": id1, "opened_at": at1,
		},
		breaks:   map[string][]row{"accounts_commodity_known": {{"commodity": "'XYZ'"}}},
		repeats:  map[string]row{"accounts_pkey": {"code": "'OTHER'"}, "accounts_code_commodity_unique": {"account_id": id2}},
		apart:    map[string][]row{"accounts_pkey": {{"account_id": id2}, {"book_id": "8"}}, "accounts_code_commodity_unique": {{"commodity": "'USD'"}, {"book_id": "8"}}},
		nullable: []string{"owner_id"},
	},
	"account_balances": {
		valid: row{
			"book_id": "9", "account_id": id1, "debits": "3", "credits": "3", "version": "2", "credit_normal": "true", "floored": "true", "status": "'ACTIVE'",
		},
		breaks: map[string][]row{
			"account_balances_counters_not_negative": {
				{"debits": "-1", "floored": "false"}, {"credits": "-1", "floored": "false"}, {"version": "-1"},
			},
			"account_balances_floor":        {{"debits": "4"}, {"credits": "4", "credit_normal": "false"}},
			"account_balances_status_known": {{"status": "'LOST'"}},
		},
		repeats: map[string]row{"account_balances_pkey": {"version": "3"}},
		apart:   map[string][]row{"account_balances_pkey": {{"account_id": id2}, {"book_id": "8"}}},
	},
	"account_days": {
		valid:    row{"book_id": "1", "account_id": id1, "booked_on": at1, "debits": "0", "credits": "0"},
		breaks:   map[string][]row{"account_days_counters_not_negative": {{"debits": "-1"}, {"credits": "-1"}}},
		repeats:  map[string]row{"account_days_pkey": {"debits": "1"}},
		apart:    map[string][]row{"account_days_pkey": {{"account_id": id2}, {"book_id": "2"}, {"booked_on": at2}}},
		triggers: []string{"account_days_back_dated"},
	},
	"account_back_dated": {
		valid: row{"book_id": "9", "account_id": id1, "posted_on": at2, "booked_on": at1, "debits": "0", "credits": "0"},
		breaks: map[string][]row{
			"account_back_dated_counters_not_negative": {{"debits": "-1"}, {"credits": "-1"}},
			"account_back_dated_two_days":              {{"posted_on": at1}},
		},
		repeats: map[string]row{"account_back_dated_pkey": {"debits": "1"}},
		apart: map[string][]row{
			"account_back_dated_pkey": {{"account_id": id2}, {"book_id": "8"}, {"posted_on": at3}, {"booked_on": at3}},
		},
	},
	"account_limits": {
		valid: row{"book_id": "9", "account_id": id1, "window_seconds": "1", "maximum": "0", "window_start": at1, "used": "0"},
		breaks: map[string][]row{
			"account_limits_window_positive":      {{"window_seconds": "0"}},
			"account_limits_maximum_not_negative": {{"maximum": "-1"}},
			"account_limits_used_not_negative":    {{"used": "-1"}},
		},
		repeats:  map[string]row{"account_limits_pkey": {"used": "1"}},
		apart:    map[string][]row{"account_limits_pkey": {{"account_id": id2}, {"book_id": "8"}, {"window_seconds": "2"}}},
		nullable: []string{"maximum"},
	},
	"trial_days": {
		valid:   row{"book_id": "9", "booked_on": at1, "class": "'2000'", "commodity": "'USD'", "debits": "0", "credits": "0"},
		breaks:  map[string][]row{"trial_days_counters_not_negative": {{"debits": "-1"}, {"credits": "-1"}}},
		repeats: map[string]row{"trial_days_pkey": {"debits": "1"}},
		apart:   map[string][]row{"trial_days_pkey": {{"class": "'4000'"}, {"book_id": "8"}, {"booked_on": at2}, {"commodity": "'EUR'"}}},
	},
	"journals": {
		valid: row{
			"book_id": "9", "journal_id": id1, "seq": "1", "template": "'T'", "template_version": "1", "type": "'T'", "arguments": "''",
			"effective_at": at1, "booked_on": at1, "posted_at": at1, "wallet_id": null, "subject_type": "'JOB'", "subject_id": "'1'",
			"explanation": null, "initiated_by": "'test'", "reverses": id2, "reversed_quantity": "1", "hold_id": id3, "hold_event": "'PLACED'",
			"group_id": id1, "group_size": "2",
		},
		breaks: map[string][]row{
			"journals_seq_positive":               {{"seq": "0"}},
			"journals_subject_whole":              {{"subject_type": null}, {"subject_id": null}},
			"journals_reversal_whole":             {{"reverses": null}, {"reversed_quantity": null}},
			"journals_reversed_quantity_positive": {{"reversed_quantity": "0"}},
			"journals_group_whole":                {{"group_id": null}, {"group_size": null}},
			"journals_hold_whole":                 {{"hold_id": null}, {"hold_event": null}},
			"journals_hold_event_known":           {{"hold_event": "'LOST'"}},
		},
		repeats: map[string]row{"journals_pkey": {"seq": "2"}, "journals_seq_unique": {"journal_id": id2}},
		apart: map[string][]row{
			"journals_pkey": {{"journal_id": id2}, {"book_id": "8"}}, "journals_seq_unique": {{"seq": "2"}, {"book_id": "8"}},
		},
		nullable: []string{
			"wallet_id", "subject_type", "subject_id", "explanation", "reverses", "reversed_quantity", "hold_id", "hold_event", "group_id", "group_size",
		},
	},
	"postings": {
		valid: row{
			"book_id": "9", "journal_id": id1, "line": "0", "debit_account": id1, "credit_account": id2, "commodity": "'CNX'", "amount": "1",
			"posted_at": at1, "debit_version": "1", "debit_balance": "1", "debit_net": null, "credit_version": "1", "credit_balance": "1", "credit_net": null,
		},
		breaks: map[string][]row{
			"postings_amount_positive": {{"amount": "0"}, {"amount": "-1"}},
			"postings_two_accounts":    {{"credit_account": id1}},
		},
		repeats:  map[string]row{"postings_pkey": {"amount": "2"}},
		apart:    map[string][]row{"postings_pkey": {{"line": "1"}, {"book_id": "8"}, {"journal_id": id2}}},
		nullable: []string{"debit_net", "credit_net"},
	},
}

var lotRules = map[string]tableRules{
	"lots": {
		valid: row{
			"book_id": "9", "lot_id": id1, "wallet_id": id1, "origin": "'PURCHASE'", "granted": "2", "remaining": "2", "expires_at": at2, "priority": "0",
			"money": "'USD'", "basis_minor": "10", "basis_remaining": "10", "tax_minor": "3", "tax_remaining": "3", "jurisdiction": "'US'",
			"root_id": id3, "grace_until": null,
		},
		breaks: map[string][]row{
			"lots_remaining_bounds":         {{"remaining": "3"}, {"remaining": "-1", "basis_remaining": "0", "tax_remaining": "0"}, {"granted": "0", "remaining": "0", "basis_remaining": "0", "tax_remaining": "0"}},
			"lots_basis_bounds":             {{"basis_remaining": "11"}, {"basis_remaining": "-1"}},
			"lots_tax_bounds":               {{"tax_remaining": "4"}, {"tax_remaining": "-1"}},
			"lots_basis_has_money":          {{"money": null}},
			"lots_spent_out_holds_no_basis": {{"remaining": "0", "tax_remaining": "0"}, {"remaining": "0", "basis_remaining": "0"}},
		},
		repeats: map[string]row{"lots_pkey": {"root_id": null}, "lots_child_unique": {"lot_id": id2}},
		apart: map[string][]row{
			"lots_pkey":         {{"lot_id": id2}, {"book_id": "8"}},
			"lots_child_unique": {{"root_id": null}, {"root_id": id2}, {"wallet_id": id2}, {"book_id": "8"}},
		},
		nullable: []string{"money", "root_id", "grace_until"},
	},
	"lot_places": {
		valid:   row{"book_id": "9", "account_id": id1, "lot_id": id1, "hold_id": nilID, "quantity": "0"},
		breaks:  map[string][]row{"lot_places_quantity_not_negative": {{"quantity": "-1"}}},
		repeats: map[string]row{"lot_places_pkey": {"quantity": "1"}},
		apart:   map[string][]row{"lot_places_pkey": {{"account_id": id2}, {"lot_id": id2}, {"hold_id": id2}, {"book_id": "8"}}},
	},
	"lot_movements": {
		valid: row{
			"book_id": "9", "journal_id": id1, "line": "0", "lot_id": id1, "account_id": id1, "hold_id": nilID, "quantity": "-1", "basis": "0", "tax": "0",
			"money": null,
		},
		breaks:   map[string][]row{"lot_movements_quantity_not_zero": {{"quantity": "0"}}},
		repeats:  map[string]row{"lot_movements_pkey": {"quantity": "1"}},
		apart:    map[string][]row{"lot_movements_pkey": {{"line": "1"}, {"journal_id": id2}, {"book_id": "8"}}},
		nullable: []string{"money"},
	},
}
