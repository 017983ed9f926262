package domain

import (
	"fmt"
	"time"
)

// Limits of every request.
const (
	// KeyBytesMin and KeyBytesMax bound a caller's idempotency key: short keys
	// collide by accident, long ones cost an index.
	KeyBytesMin = 8
	KeyBytesMax = 128
	// QuantityMax is 2^53−1, what a JSON number carries without loss.
	QuantityMax = 1<<53 - 1
	// referenceBytesMax bounds the references of other systems.
	referenceBytesMax = 128
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

// Invalid returns a *ValidationError.
func Invalid(field, format string, args ...any) error {
	return &ValidationError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// First returns the first error of checks.
func First(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckKey checks an idempotency key.
func CheckKey(key string) error {
	if len(key) < KeyBytesMin || len(key) > KeyBytesMax {
		return Invalid("idempotencyKey", "must have %d to %d characters, got %d", KeyBytesMin, KeyBytesMax, len(key))
	}
	return CheckPrintable("idempotencyKey", key)
}

// CheckPrintable checks that a text is printable ASCII.
func CheckPrintable(field, text string) error {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] > 0x7e {
			return Invalid(field, "must be printable ASCII; byte %d is not", i+1)
		}
	}
	return nil
}

// CheckQuantity checks a number of units or minor units that must be positive.
func CheckQuantity(field string, quantity int64) error {
	if quantity < 1 || quantity > QuantityMax {
		return Invalid(field, "must be 1 to %d, got %d", int64(QuantityMax), quantity)
	}
	return nil
}

// CheckEffective checks the instant of a business event; zero means now.
func CheckEffective(at, now time.Time) error {
	switch {
	case at.IsZero():
		return nil
	case at.After(now):
		return Invalid("effectiveAt", "must not be in the future")
	case now.Sub(at) > backdatedMax:
		return Invalid("effectiveAt", "must not be over ten years ago")
	}
	return nil
}

// CheckZone checks the name of a time zone.
func CheckZone(field, name string) error {
	if _, err := LoadZone(name); err != nil {
		return Invalid(field, "must be an IANA time zone such as Asia/Kathmandu")
	}
	return nil
}

// CheckJurisdiction checks the code of a country.
func CheckJurisdiction(code string) error {
	if len(code) != 2 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
		return Invalid("jurisdiction", "must be an ISO 3166-1 alpha-2 code such as US")
	}
	return nil
}

// CheckReference checks what somebody else calls a thing, such as a payment
// provider's reference.
func CheckReference(field, reference string) error {
	if reference == "" || len(reference) > referenceBytesMax {
		return Invalid(field, "must have 1 to %d characters, got %d", referenceBytesMax, len(reference))
	}
	return CheckPrintable(field, reference)
}
