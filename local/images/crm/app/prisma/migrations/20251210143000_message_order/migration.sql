CREATE INDEX "messages_contact_id_created_at_idx" ON "messages"("contact_id", "created_at");
