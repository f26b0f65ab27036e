package protocol

// AnswerType returns the type of the answer that a [Processor] makes of what a
// handler returns: [TypeResponse], [TypeRedirect], that of an [*Error], or
// [TypeError] for every failure. It is for middleware that counts or traces.
func AnswerType(answer *Event, err error) string {
	switch {
	case err != nil:
		answer, _ = answerTo(&Event{}, err)
	case answer == nil:
		return TypeError
	}
	return answer.Type()
}
