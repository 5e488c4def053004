-- en: As it was: opportunities by the industry and rating that customers had when they were created
-- zh: 按当时：按创建机会时客户的行业与评级
with facts as (
  select coalesce(no_customer, industry_then, '@not_given') as industry, coalesce(no_customer, rating_then, '@not_given') as rating,
         opportunity_type, outcome = 'won' as won, case when outcome = 'won' then amount_e4 end as won_e4 from opportunity)
select industry, rating, opportunity_type, count(*), sum(won), sum(won_e4) as won_amount__e4 from facts group by 1, 2, 3
union all select industry, '*', opportunity_type, count(*), sum(won), sum(won_e4) from facts group by 1, 3
union all select '*', '*', opportunity_type, count(*), sum(won), sum(won_e4) from facts group by 3
