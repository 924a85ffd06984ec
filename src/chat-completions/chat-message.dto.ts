import { IsIn } from 'class-validator';
import { IsContent } from './content.validator.js';
import type { TextPart } from './text-part.js';

export const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

export class ChatMessageDto {
  @IsIn(ROLES, { message: `expected one of ${ROLES.map((role) => `'${role}'`).join(', ')}` })
  role!: (typeof ROLES)[number];

  @IsContent()
  content!: string | TextPart[];
}
