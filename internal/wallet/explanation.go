package wallet

import (
	"encoding/json"
	"fmt"
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

func (e Explanation) validate() error {
	if e.Rule == "" || len(e.Rule) > ruleBytesMax || len(e.PolicyVersion) > ruleBytesMax {
		return invalid("explanation.rule", "rule and policyVersion must have at most %d characters, and a rule is needed", ruleBytesMax)
	}
	if len(e.Inputs) > inputsMax {
		return invalid("explanation.inputs", "must have at most %d entries, got %d", inputsMax, len(e.Inputs))
	}
	for _, input := range e.Inputs {
		if input.Name == "" || len(input.Name) > ruleBytesMax || len(input.Value) > inputBytesMax {
			return invalid("explanation.inputs", "a name must have 1 to %d characters and a value at most %d", ruleBytesMax, inputBytesMax)
		}
	}
	if size := len(e.encode()); size > explanationBytesMax {
		return invalid("explanation", "must have at most %d bytes as JSON, got %d", explanationBytesMax, size)
	}
	return nil
}

// encode returns the bytes that are stored with the journal as they are.
func (e Explanation) encode() []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic("wallet: an explanation is plain text: " + err.Error())
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
