// Package sendertest tests what sends webhooks, with a [Receiver] that answers by
// script and records what comes.
//
// There are two ways to it. A [Server] is reached over the loopback network, by a
// client from [Client], because a client's own guard refuses such addresses:
//
//	server := sendertest.NewServer(t, sendertest.Answer(503), sendertest.Answer(200))
//	client := sendertest.Client(t)
//
// A handler, such as a Receiver, is reached within the process by a client from
// [NewClient], whatever the URL. Inside a testing/synctest bubble a schedule of
// days then takes no time:
//
//	synctest.Test(t, func(t *testing.T) {
//		receiver := sendertest.NewReceiver(t, sendertest.Answer(503), sendertest.Answer(200))
//		client := sendertest.NewClient(receiver)
//		require.NoError(t, sendAll(t.Context(), client)) // yours
//	})
package sendertest
