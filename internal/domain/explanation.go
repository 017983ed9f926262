package domain

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Limits of explanations.
const (
	// ruleBytesMax bounds the name of a rule, inputsMax and inputBytesMax what
	// explains it; together they stay under what a journal may carry.
	ruleBytesMax  = 64
	inputsMax     = 16
	inputBytesMax = 128
	// explanationBytesMax leaves room under what a journal may carry for the
	// policy version that is filled in.
	explanationBytesMax = 3900
)

// Explanation says why a journal was posted: a rule, the version of the policy
// that held, and the inputs of its formula.
type Explanation struct {
	Rule          string  `json:"rule"`
	PolicyVersion string  `json:"policyVersion,omitempty"`
	Inputs        []Input `json:"inputs,omitempty"`
}

// Input is one named input of a rule's formula.
type Input struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Number returns an input that is a whole number.
func Number(name string, value int64) Input {
	return Input{Name: name, Value: strconv.FormatInt(value, 10)}
}

// Validate returns a *ValidationError where the explanation is beyond its limits.
func (e Explanation) Validate() error {
	if e.Rule == "" || len(e.Rule) > ruleBytesMax || len(e.PolicyVersion) > ruleBytesMax {
		return Invalid("explanation.rule", "rule and policyVersion must have at most %d characters, and a rule is needed", ruleBytesMax)
	}
	if len(e.Inputs) > inputsMax {
		return Invalid("explanation.inputs", "must have at most %d entries, got %d", inputsMax, len(e.Inputs))
	}
	for _, input := range e.Inputs {
		if input.Name == "" || len(input.Name) > ruleBytesMax || len(input.Value) > inputBytesMax {
			return Invalid("explanation.inputs", "a name must have 1 to %d characters and a value at most %d", ruleBytesMax, inputBytesMax)
		}
	}
	if size := len(e.Encode()); size > explanationBytesMax {
		return Invalid("explanation", "must have at most %d bytes as JSON, got %d", explanationBytesMax, size)
	}
	return nil
}

// Encode returns the bytes that are stored with the journal as they are.
func (e Explanation) Encode() []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic("domain: an explanation is plain text: " + err.Error())
	}
	return data
}

// DecodeExplanation reads what a journal carries; nil for none.
func DecodeExplanation(data []byte) (*Explanation, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // a journal without an explanation is no error
	}
	explanation := &Explanation{}
	if err := json.Unmarshal(data, explanation); err != nil {
		return nil, fmt.Errorf("decode explanation: %w", err)
	}
	return explanation, nil
}
