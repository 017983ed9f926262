package wallet

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"purser/ledger"
)

// Limits of requests.
const (
	// KeyBytesMin and KeyBytesMax bound a caller's idempotency key: short keys
	// collide by accident, long ones cost an index.
	KeyBytesMin = 8
	KeyBytesMax = 128
	// QuantityMax is 2^53−1, what a JSON number carries without loss.
	QuantityMax = 1<<53 - 1
	// referenceBytesMax bounds a payment provider's reference.
	referenceBytesMax = 128
	// ruleBytesMax bounds the name of a rule, inputsMax and inputBytesMax what
	// explains it; together they stay under what a journal may carry.
	ruleBytesMax  = 64
	inputsMax     = 16
	inputBytesMax = 128
	// explanationBytesMax leaves room under what a journal may carry for the
	// policy version that is filled in.
	explanationBytesMax = 3900
	// noteBytesMax bounds the note of a freeze.
	noteBytesMax = 500
	// validDaysMax bounds the life a grant may be given.
	validDaysMax = 3660
	// backdatedMax bounds how old a business event may be.
	backdatedMax = 10 * 366 * 24 * time.Hour
)

// ValidationError says which part of a request could never be accepted, and
// what would be.
type ValidationError struct {
	Field   string
	Message string
}

// Error names the field and what is expected of it.
func (e *ValidationError) Error() string { return e.Field + ": " + e.Message }

func invalid(field, format string, args ...any) error {
	return &ValidationError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// first returns the first error of checks.
func first(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkKey(key string) error {
	if len(key) < KeyBytesMin || len(key) > KeyBytesMax {
		return invalid("idempotencyKey", "must have %d to %d characters, got %d", KeyBytesMin, KeyBytesMax, len(key))
	}
	return checkPrintable("idempotencyKey", key)
}

func checkPrintable(field, text string) error {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] > 0x7e {
			return invalid(field, "must be printable ASCII; byte %d is not", i+1)
		}
	}
	return nil
}

func checkQuantity(quantity int64) error {
	if quantity < 1 || quantity > QuantityMax {
		return invalid("quantity", "must be 1 to %d, got %d", int64(QuantityMax), quantity)
	}
	return nil
}

func checkEffective(at, now time.Time) error {
	switch {
	case at.IsZero():
		return nil
	case at.After(now):
		return invalid("effectiveAt", "must not be in the future")
	case now.Sub(at) > backdatedMax:
		return invalid("effectiveAt", "must not be over ten years ago")
	}
	return nil
}

func (in Open) validate() error {
	matches := (in.OwnerKind == OwnerParty && in.Kind == KindFreelancer) || (in.OwnerKind == OwnerOrganisation && in.Kind == KindAgency)
	if !matches {
		return first(checkKey(in.Key), invalid("kind", "a party has FREELANCER wallets, an organisation AGENCY wallets"))
	}
	return first(checkKey(in.Key), checkJurisdiction(in.Jurisdiction), checkZone(in.TimeZone))
}

func checkJurisdiction(code string) error {
	if len(code) != 2 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
		return invalid("jurisdiction", "must be an ISO 3166-1 alpha-2 code such as US")
	}
	return nil
}

func checkZone(name string) error {
	if _, err := LoadZone(name); err != nil {
		return invalid("timeZone", "must be an IANA time zone such as Asia/Kathmandu")
	}
	return nil
}

// LoadZone returns a named time zone; "Local" and "" are none.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("load time zone %q: not a name of the IANA database", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	return zone, nil
}

func (in Grant) validate(now time.Time) error {
	if _, ok := grantTypes[in.Origin]; !ok {
		return invalid("origin", "must be PLAN, PROMO, BONUS or COMPENSATION")
	}
	return first(checkKey(in.Key), checkQuantity(in.Quantity), checkEffective(in.EffectiveAt, now), in.validateExpiry(now), in.Explanation.validate())
}

func (in Grant) validateExpiry(now time.Time) error {
	switch {
	case in.ValidDays < 0 || in.ValidDays > validDaysMax:
		return invalid("expiry.validDays", "must be 1 to %d, got %d", validDaysMax, in.ValidDays)
	case in.ExpiresAt.IsZero():
		return nil
	case !in.ExpiresAt.After(orNow(in.EffectiveAt, now)):
		return invalid("expiry.expiresAt", "must be after the grant takes effect")
	case in.ExpiresAt.After(now.AddDate(0, 0, validDaysMax)):
		return invalid("expiry.expiresAt", "must be at most %d days ahead", validDaysMax)
	}
	return nil
}

func (in Purchase) validate(now time.Time) error {
	switch {
	case !in.Currency.IsMoney():
		return invalid("price.currency", "must be USD or EUR")
	case in.Price < 1 || in.Price > QuantityMax:
		return invalid("price.amountMinor", "must be 1 to %d, got %d", int64(QuantityMax), in.Price)
	case in.Fee < 0 || in.Fee > in.Price:
		return invalid("feeMinor", "must be 0 to the price, got %d", in.Fee)
	case in.Reference == "" || len(in.Reference) > referenceBytesMax:
		return invalid("paymentReference", "must have 1 to %d characters, got %d", referenceBytesMax, len(in.Reference))
	}
	return first(checkKey(in.Key), checkQuantity(in.Quantity), checkPrintable("paymentReference", in.Reference), checkEffective(in.EffectiveAt, now))
}

func (in Spend) validate() error {
	if in.Subject.Type != SubjectProposal {
		return invalid("subject.type", "must be PROPOSAL")
	}
	if _, err := ledger.ParseID(in.Subject.ID); err != nil {
		return invalid("subject.id", "must be a UUID")
	}
	return first(checkKey(in.Key), checkQuantity(in.Quantity))
}

func (in Reverse) validate(now time.Time) error {
	if _, ok := reversalTypes[in.Reason]; !ok {
		return invalid("reason", "must be RETURN_JOB_CLOSED, RETURN_TOS or CORRECTION")
	}
	if in.Quantity != 0 {
		if err := checkQuantity(in.Quantity); err != nil {
			return err
		}
	}
	return first(checkKey(in.Key), checkEffective(in.EffectiveAt, now))
}

var freezeReasons = map[string]bool{"PLAN_LAPSED": true, "DISPUTE": true, "COMPLIANCE": true, "DEBT": true}

func (in Freeze) validate() error {
	if !in.Lift && !freezeReasons[in.Reason] {
		return invalid("reason", "must be PLAN_LAPSED, DISPUTE, COMPLIANCE or DEBT")
	}
	if len(in.Note) > noteBytesMax {
		return invalid("note", "must have at most %d bytes, got %d", noteBytesMax, len(in.Note))
	}
	return checkKey(in.Key)
}

var membershipRoles = map[string]bool{"AGENCY_MEMBER": true, "AGENCY_ADMIN": true, "ADVERTISER_ANALYST": true, "ADVERTISER_ADMIN": true}

func (in Membership) validate() error {
	if !membershipRoles[in.Role] {
		return invalid("role", "must be AGENCY_MEMBER, AGENCY_ADMIN, ADVERTISER_ANALYST or ADVERTISER_ADMIN")
	}
	return checkKey(in.Key)
}

func walletInput(ref Ref) ledger.Arguments { return ledger.Arguments(nil).ID("wallet", ref.ID) }

func withTime(input ledger.Arguments, name string, at time.Time) ledger.Arguments {
	if at.IsZero() {
		return input
	}
	return input.Time(name, at)
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
