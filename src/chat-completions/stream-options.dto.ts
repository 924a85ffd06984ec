import { IsBoolean, IsOptional } from 'class-validator';

export class StreamOptionsDto {
  @IsOptional()
  @IsBoolean({ message: 'expected true or false' })
  include_usage?: boolean | null;
}
