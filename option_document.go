package parley

import (
	"fmt"
	"slices"
	"strings"
)

// document is what only readers of [App.Operations] see.
type document struct{ summary, description string }

type describeOption struct{ document }

// Describe says what a subscriber or publisher is for: a summary of one line and
// a description, either of which may be empty. Documents show it.
func Describe(summary, description string) DeclarationOption {
	return describeOption{document{summary, description}}
}

func (o describeOption) String() string { return fmt.Sprintf("parley.Describe(%q)", o.summary) }

func (o describeOption) applyApp(s *appSettings)               { s.misplaced = append(s.misplaced, o.String()) }
func (o describeOption) applySubscriber(s *subscriberSettings) { s.document = o.document }
func (o describeOption) applySend(s *sendSettings)             { s.document = o.document }

// Errors declares codes that a subscriber answers with. Documents show them;
// nothing is checked. Several add up.
func Errors(codes ...Code) SubscriberOption {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = string(c)
	}
	return subscriberOption{
		"parley.Errors(" + strings.Join(texts, ", ") + ")",
		func(s *subscriberSettings) {
			s.codes = slices.Clip(s.codes)
			for _, c := range codes {
				if !slices.Contains(s.codes, c) {
					s.codes = append(s.codes, c)
				}
			}
		},
	}
}
