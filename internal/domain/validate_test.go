package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/internal/domain"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		err   error
		field string // "" where the check passes
	}{
		"key_of_8":                   {domain.CheckKey("12345678"), ""},
		"key_of_7":                   {domain.CheckKey("1234567"), "idempotencyKey"},
		"key_of_129":                 {domain.CheckKey(strings.Repeat("k", 129)), "idempotencyKey"},
		"key_with_a_tab":             {domain.CheckKey("1234567\t"), "idempotencyKey"},
		"quantity_of_one":            {domain.CheckQuantity("quantity", 1), ""},
		"quantity_of_none":           {domain.CheckQuantity("quantity", 0), "quantity"},
		"quantity_that_json_carries": {domain.CheckQuantity("quantity", 1<<53-1), ""},
		"quantity_beyond_json":       {domain.CheckQuantity("quantity", 1<<53), "quantity"},
		"effective_now":              {domain.CheckEffective(now, now), ""},
		"effective_unsaid":           {domain.CheckEffective(time.Time{}, now), ""},
		"effective_tomorrow":         {domain.CheckEffective(now.Add(time.Nanosecond), now), "effectiveAt"},
		"effective_long_ago":         {domain.CheckEffective(now.AddDate(-11, 0, 0), now), "effectiveAt"},
		"zone":                       {domain.CheckZone("timeZone", "Asia/Kathmandu"), ""},
		"zone_of_no_place":           {domain.CheckZone("timeZone", "Asia/Atlantis"), "timeZone"},
		"jurisdiction":               {domain.CheckJurisdiction("NP"), ""},
		"jurisdiction_in_lower_case": {domain.CheckJurisdiction("np"), "jurisdiction"},
		"jurisdiction_of_three":      {domain.CheckJurisdiction("NPL"), "jurisdiction"},
		"reference":                  {domain.CheckReference("reference", "pay_1"), ""},
		"no_reference":               {domain.CheckReference("reference", ""), "reference"},
		"reference_of_129":           {domain.CheckReference("reference", strings.Repeat("r", 129)), "reference"},
		"reference_in_utf_8":         {domain.CheckReference("reference", "pay_ü"), "reference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var invalid *domain.ValidationError
			switch {
			case test.field == "" && test.err != nil:
				t.Errorf("got %v, want it to pass", test.err)
			case test.field != "" && (!errors.As(test.err, &invalid) || invalid.Field != test.field):
				t.Errorf("got %v, want a ValidationError of %s", test.err, test.field)
			}
		})
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	one, two := errors.New("one"), errors.New("two")
	if got := domain.First(nil, one, two); !errors.Is(got, one) {
		t.Errorf("First = %v, want the first error", got)
	}
	if got := domain.First(nil, nil); got != nil {
		t.Errorf("First = %v, want none", got)
	}
}
