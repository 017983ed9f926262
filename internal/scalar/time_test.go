package scalar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/scalar"
)

func TestDateTimeAccepts(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"2026-03-01T09:30:00Z":             "2026-03-01T09:30:00Z",
		"2026-03-01T15:00:00+05:30":        "2026-03-01T09:30:00Z",
		"2026-03-01T15:15:00.250000+05:45": "2026-03-01T09:30:00.25Z",
		"2026-03-01T00:00:00.000001-08:00": "2026-03-01T08:00:00.000001Z",
		"2026-03-01T09:30:00-00:00":        "2026-03-01T09:30:00Z",
		"2024-02-29T23:59:59Z":             "2024-02-29T23:59:59Z",
		"0001-01-01T00:00:00Z":             "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":      "9999-12-31T23:59:59.999999Z",
	} {
		t.Run(input, func(t *testing.T) {
			t.Parallel()
			got, err := scalar.UnmarshalDateTime(input)
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if got.Location() != time.UTC {
				t.Errorf("location = %s, want UTC", got.Location())
			}
			if text := render(scalar.MarshalDateTime(got)); text != `"`+want+`"` {
				t.Errorf("print = %s, want %q", text, want)
			}
		})
	}
}

func TestDateTimeRefuses(t *testing.T) {
	t.Parallel()
	for label, input := range map[string]any{
		"no_zone":                 "2026-03-01T09:30:00",
		"date_only":               "2026-03-01",
		"space_for_T":             "2026-03-01 09:30:00Z",
		"lower_case":              "2026-03-01t09:30:00z",
		"no_seconds":              "2026-03-01T09:30Z",
		"hour_of_one_digit":       "2026-03-01T9:30:00Z",
		"hour_24":                 "2026-03-01T24:00:00Z",
		"leap_second":             "2016-12-31T23:59:60Z",
		"february_29":             "2026-02-29T00:00:00Z",
		"comma":                   "2026-03-01T09:30:00,5Z",
		"seven_digits":            "2026-03-01T09:30:00.1234567Z",
		"seven_digits_zero_last":  "2026-03-01T09:30:00.1234560Z",
		"point_without_digits":    "2026-03-01T09:30:00.Z",
		"offset_of_25_hours":      "2026-03-01T09:30:00+25:00",
		"offset_of_24_hours":      "2026-03-01T09:30:00+24:00",
		"offset_of_60_minutes":    "2026-03-01T09:30:00+05:60",
		"offset_without_colon":    "2026-03-01T09:30:00+0530",
		"year_0_in_utc":           "0001-01-01T00:00:00+01:00",
		"year_10000_in_utc":       "9999-12-31T23:59:59-01:00",
		"year_of_five_digits":     "12026-03-01T09:30:00Z",
		"unix_seconds":            int64(1772357400),
		"trailing_newline":        "2026-03-01T09:30:00Z\n",
		"empty":                   "",
		"null":                    nil,
		"longer_than_any_instant": "2026-03-01T09:30:00.00000000000000000000000000000000Z",
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			_, err := scalar.UnmarshalDateTime(input)
			wantRefusal(t, err, "DateTime")
		})
	}
}

func TestDateTimePrints(t *testing.T) {
	t.Parallel()
	kathmandu := time.FixedZone("+0545", 5*3600+45*60)
	for want, instant := range map[string]time.Time{
		`"2026-03-01T00:00:00Z"`:        time.Date(2026, 3, 1, 5, 45, 0, 0, kathmandu),
		`"2026-03-01T00:00:00.000001Z"`: time.Date(2026, 3, 1, 0, 0, 0, 1999, time.UTC),
		`null`:                          time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got := render(scalar.MarshalDateTime(instant)); got != want {
			t.Errorf("print(%s) = %s, want %s", instant, got, want)
		}
	}
	beforeChrist := time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)
	if got := render(scalar.MarshalDateTime(beforeChrist)); got != "null" {
		t.Errorf("print(%s) = %s, want null", beforeChrist, got)
	}
}

func TestDateAccepts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-03-01", "2024-02-29", "0001-01-01", "9999-12-31"} {
		var d scalar.Date
		if err := d.UnmarshalGQL(text); err != nil {
			t.Fatalf("parse: %v", err)
		}
		if got := render(d); got != `"`+text+`"` {
			t.Errorf("print = %s, want %q", got, text)
		}
	}
}

func TestDateRefuses(t *testing.T) {
	t.Parallel()
	for label, input := range map[string]any{
		"february_29":       "2026-02-29",
		"february_30":       "2024-02-30",
		"month_13":          "2026-13-01",
		"day_0":             "2026-03-00",
		"year_0":            "0000-01-01",
		"year_10000":        "10000-01-01",
		"negative_year":     "-001-01-01",
		"one_digit":         "2026-3-1",
		"slashes":           "2026/03/01",
		"instant":           "2026-03-01T00:00:00Z",
		"space":             " 2026-03-01",
		"number":            int64(20260301),
		"empty":             "",
		"null":              nil,
		"full_width_digits": "２026-03-01",
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			var d scalar.Date
			wantRefusal(t, d.UnmarshalGQL(input), "Date")
			if d != (scalar.Date{}) {
				t.Errorf("a refused input changed the value to %s", d)
			}
		})
	}
}

func TestDateCounts(t *testing.T) {
	t.Parallel()
	march := scalar.Date{Year: 2026, Month: time.March, Day: 1}
	february := scalar.Date{Year: 2026, Month: time.February, Day: 28}
	if diff := cmp.Diff(february, march.AddDays(-1)); diff != "" {
		t.Errorf("the day before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(march, february.AddDays(1)); diff != "" {
		t.Errorf("the day after (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		a, b scalar.Date
		want int
	}{
		{february, march, -1},
		{march, february, 1},
		{march, march, 0},
		{scalar.Date{Year: 2025, Month: time.December, Day: 31}, march, -1},
		{scalar.Date{Year: 2026, Month: time.March, Day: 2}, march, 1},
	} {
		if got := tc.a.Compare(tc.b); got != tc.want {
			t.Errorf("%s compared with %s = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
	lateInTokyo := time.Date(2026, 3, 1, 0, 30, 0, 0, time.FixedZone("JST", 9*3600))
	if diff := cmp.Diff(march, scalar.DateOf(lateInTokyo)); diff != "" {
		t.Errorf("DateOf takes another zone than the instant's (-want +got):\n%s", diff)
	}
}

func TestDateOutsideTheCalendarPrintsNull(t *testing.T) {
	t.Parallel()
	for _, d := range []scalar.Date{{}, {Year: 2026, Month: 2, Day: 30}, {Year: 10000, Month: 1, Day: 1}} {
		if got := render(d); got != "null" {
			t.Errorf("print(%+v) = %s, want null", d, got)
		}
	}
}

func FuzzDateTime(f *testing.F) {
	for _, seed := range []string{"2026-03-01T09:30:00Z", "2026-03-01T15:00:00.25+05:30", "0001-01-01T00:00:00+01:00", "2026-03-01T09:30:00.1234567Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := scalar.UnmarshalDateTime(text)
		if err != nil {
			wantRefusal(t, err, "DateTime")
			return
		}
		printed := render(scalar.MarshalDateTime(first))
		second, err := scalar.UnmarshalDateTime(printed[1 : len(printed)-1])
		if err != nil || !second.Equal(first) {
			t.Errorf("parse(print(parse(%q))) = %s, %v, want %s", text, second, err, first)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2026-03-01", "2024-02-29", "2026-02-29", "0000-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := scalar.ParseDate(text)
		if err != nil {
			wantRefusal(t, err, "Date")
			return
		}
		if d.String() != text || !d.Valid() {
			t.Errorf("print(parse(%q)) = %q, valid %v", text, d, d.Valid())
		}
	})
}
