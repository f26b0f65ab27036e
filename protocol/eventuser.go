package protocol

import (
	"encoding/json"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// UserID returns the user that the request speaks for, as text:
// identity.userId, or else identity.user.id, as Kotlin's implementation has it.
// Python's looks at identity.user.id alone and takes only integers. It returns
// "" if neither is a string or a number.
//
// The identity is what the sender says. It proves nothing.
func (e *Event) UserID() string {
	if id := plainText(member(e.Identity, "userId")); id != "" {
		return id
	}
	return plainText(member(member(e.Identity, "user"), "id"))
}

// UserType returns identity.user.type, or "" if it is not a string.
func (e *Event) UserType() string { return plainText(member(member(e.Identity, "user"), "type")) }

// Origin returns metadata.origin, the name of the program that began the flow,
// or "" if it is not a string.
func (e *Event) Origin() string { return plainText(member(e.Metadata, "origin")) }

// member returns the value of an object's member, the last if there are
// several. It returns nil if there is none or raw is not an object.
func member(raw json.RawMessage, name string) json.RawMessage {
	var found json.RawMessage
	err := envelope.Each(raw, func(key, value []byte) error {
		if string(key) == name {
			found = value
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return found
}

// plainText returns a string's or a number's text and "" for anything else.
func plainText(raw json.RawMessage) string {
	text, _ := readText(raw)
	return text
}
