package asyncapi

import "fmt"

// Severity says how bad a [Finding] is.
type Severity string

const (
	// SeverityError breaks the specification, or what readers rely on.
	SeverityError Severity = "error"
	// SeverityWarning is doubtful.
	SeverityWarning Severity = "warning"
)

// Finding is one thing that a linter has to say about a document.
type Finding struct {
	// Pointer is the JSON pointer of the place, "" for the whole document.
	Pointer string `json:"pointer"`
	// Rule names the rule, such as "reply-messages".
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Message is one line: what was wanted and what was found.
	Message string `json:"message"`
}

// String returns the finding as one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s (%s)", f.Severity, f.Pointer, f.Message, f.Rule)
}
