package scalar

import (
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

const expectedDateTime = "an RFC 3339 instant with its zone, such as 2026-03-01T09:30:00Z or 2026-03-01T15:00:00.25+05:30, of at most 6 fractional digits, in the years 1 to 9999"

// dateTimeLengthMax is the longest text accepted: date, time, six fractional
// digits and a numeric zone.
const dateTimeLengthMax = len("2006-01-02T15:04:05.000000+00:00")

// MarshalDateTime prints an instant in UTC with a Z, with only the fractional
// digits it needs, six at most: what lies below a microsecond is dropped, as
// PostgreSQL cannot hold it. An instant outside the years 1 to 9999 prints as null.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	utc := t.UTC().Truncate(time.Microsecond)
	if !yearInRange(utc) {
		return graphql.Null
	}
	return quoted(utc.Format(time.RFC3339Nano))
}

// UnmarshalDateTime reads an RFC 3339 instant and returns it in UTC. The zone is
// mandatory, T and Z are upper case, and leap seconds, digits below a microsecond
// and instants outside the years 1 to 9999 in UTC are refused with an [*Error].
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok || len(s) > dateTimeLengthMax {
		return time.Time{}, refuse("DateTime", expectedDateTime, v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !dateTimeShape(s) || !yearInRange(t.UTC()) {
		return time.Time{}, refuse("DateTime", expectedDateTime, v)
	}
	return t.UTC(), nil
}

// dateTimeShape refuses what time.Parse takes beyond RFC 3339 and this scalar: hours
// of one digit, a comma for the point, offsets of 24 hours, more than six fractional
// digits.
func dateTimeShape(s string) bool {
	const whole = len("2006-01-02T15:04:05")
	if len(s) <= whole || digitsAsZeros(s[:whole]) != "0000-00-00T00:00:00" {
		return false
	}
	rest := s[whole:]
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		rest = strings.TrimLeft(fraction, "0123456789")
		if digits := len(fraction) - len(rest); digits < 1 || digits > 6 {
			return false
		}
	}
	if rest == "Z" {
		return true
	}
	zone := digitsAsZeros(rest)
	return (zone == "+00:00" || zone == "-00:00") && rest[1:3] <= "23" && rest[4:] <= "59"
}

// digitsAsZeros returns s with each ASCII digit replaced by 0.
func digitsAsZeros(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, s)
}

// yearInRange bounds years to those whose text has four digits.
func yearInRange(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }
