package resolvers_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// outcome is what became of a field: one letter of the golden file. A small letter
// is the refusal of something above the field, which nobody came to.
type outcome byte

const (
	sawData            outcome = 'D'
	sawNull            outcome = '0'
	sawEmpty           outcome = 'E'
	sawNothing         outcome = '.'
	sawForbidden       outcome = 'F'
	sawScope           outcome = 'S'
	sawUnauthenticated outcome = 'U'
	sawNotFound        outcome = 'N'
	sawOther           outcome = '-'
	sawFailure         outcome = '!' // and the test has failed
)

// came are the letters of requests that came as far as the field.
const came = string(sawData) + string(sawNull) + string(sawEmpty) + string(sawForbidden) + string(sawScope) + string(sawUnauthenticated) + string(sawNotFound)

func (o outcome) above() outcome { return outcome(strings.ToLower(string(o))[0]) }

// outcomesOf reads what became of each path. Any error but the refusals of a role
// fails the test: the requests are meant to be right.
func outcomesOf(t *testing.T, p probe, paths []fieldPath, a answer) []outcome {
	t.Helper()
	if omitted := a.Extensions["errorsOmitted"]; omitted != nil {
		t.Fatalf("%s: %v errors were left out of the answer, so that it does not say what was refused", p.name, omitted)
	}
	refused := map[string]outcome{}
	for _, e := range a.Errors {
		told := refusalOf(e)
		if told == sawFailure {
			t.Errorf("%s: %s", p.name, a.raw)
		}
		refused[namesOf(e.Path)] = told
	}
	var root map[string]any
	if len(a.Data) > 0 {
		root = objectOf(t, a.Data)
	}
	outcomes := make([]outcome, len(paths))
	for i, path := range paths {
		var keys []string
		for _, next := range path.steps {
			keys = append(keys, next.key())
		}
		outcomes[i] = p.outcome(root, keys)
		if outcomes[i] == sawNull || outcomes[i] == sawNothing {
			outcomes[i] = refusedAt(refused, keys, outcomes[i])
		}
	}
	return outcomes
}

// refusedAt returns the refusal that left nothing at keys, else what was found.
func refusedAt(refused map[string]outcome, keys []string, found outcome) outcome {
	for n := range keys {
		told, known := refused[strings.Join(keys[:n+1], " ")]
		switch {
		case known && n == len(keys)-1:
			return told
		case known:
			return told.above()
		}
	}
	return found
}

func refusalOf(e answerError) outcome {
	switch code := e.Extensions["code"]; {
	case code == "UNAUTHENTICATED":
		return sawUnauthenticated
	case code == "FORBIDDEN" && strings.Contains(e.Message, "scope"):
		return sawScope
	case code == "FORBIDDEN":
		return sawForbidden
	default:
		return sawFailure
	}
}

// namesOf is an error's path without the places in lists.
func namesOf(path []any) string {
	var names []string
	for _, next := range path {
		if name, isName := next.(string); isName {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// outcome tells what is at keys. A mutation that returned another member of its
// union than the probe is about has that member's name instead.
func (p probe) outcome(root map[string]any, keys []string) outcome {
	payload, answered := root[p.root.Name].(map[string]any)
	if answered && p.operation == ast.Mutation && payload["__typename"] != p.member {
		switch {
		case payload["__typename"] != "NotFound":
			return sawOther
		case len(keys) == 1:
			return sawNotFound
		default:
			return sawNotFound.above()
		}
	}
	return outcomeAt(root, keys)
}

// outcomeAt walks down; of a list, the element with most to show counts.
func outcomeAt(value any, keys []string) outcome {
	switch value := value.(type) {
	case nil:
		if len(keys) == 0 {
			return sawNull
		}
		return sawNothing
	case []any:
		best := sawNothing
		if len(keys) == 0 {
			best = sawEmpty
		}
		for _, element := range value {
			best = better(best, outcomeAt(element, keys))
		}
		return best
	case map[string]any:
		if len(keys) == 0 {
			return sawData
		}
		below, selected := value[keys[0]]
		if !selected {
			return sawNothing // an object of another type
		}
		return outcomeAt(below, keys[1:])
	default:
		return sawData
	}
}

func better(a, b outcome) outcome {
	const order = string(sawNothing) + string(sawEmpty) + string(sawNull) + string(sawData)
	if strings.IndexByte(order, byte(b)) > strings.IndexByte(order, byte(a)) {
		return b
	}
	return a
}
